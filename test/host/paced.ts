import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createPace } from "../../supervisor/host/pace.ts";

/** Works without a pause for many slices, asks itself over a socket meanwhile, and prints after how many it was answered. */
const SLICES = 150;
const folder = mkdtempSync(join(tmpdir(), "pace-"));
const path = join(folder, "socket");
const pace = createPace();
let slices = 0;
let answeredAfter: number | null = null;

const server = createServer((socket) => socket.on("data", () => socket.end("here")));
server.listen(path, () => {
  const client = connect(path, () => client.write("who is there?"));
  client.once("data", () => {
    answeredAfter = slices;
  });
  work();
});

function work(): void {
  while (!pace.isSpent());
  slices++;
  if (slices < SLICES) pace.resume(work);
  else end();
}

function end(): void {
  server.close();
  rmSync(folder, { recursive: true });
  console.log(JSON.stringify({ slices, answeredAfter: answeredAfter ?? SLICES }));
  process.exit(0);
}
