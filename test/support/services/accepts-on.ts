import { createServer } from "node:net";
import { processLife } from "../../../services/kit/life.ts";

/** Takes connections on the given descriptor through the event loop and says READY, whatever LISTEN_PID says: the child of a wrapper. */
const [fd] = process.argv.slice(2).map(Number);
createServer((socket) => socket.end("hello")).listen({ fd }, () => processLife().ready("serving"));
