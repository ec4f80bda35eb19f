import { config, z } from "zod";

// A schema that writes its own code is faster from the hundredth object on. Here a few files are read, and whoever waits for a start
// waits for that code: 12 of 100 ms for ten units. Holds for the schemas that are made after this.
config({ jitless: true });

export { z };
