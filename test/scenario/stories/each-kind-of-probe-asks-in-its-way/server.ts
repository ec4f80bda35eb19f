import { existsSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";

/** Answers 200 while the file "well" is there. */
const server = createServer((_request, response) => {
  response.statusCode = existsSync("well") ? 200 : 503;
  response.end("so it is\n");
});
server.listen(Number(process.env.PORT), "127.0.0.1", () => writeFileSync("listening", ""));
