/** Ends the verb without a word when whoever reads its output leaves early (`| head`). Not for the daemon, which has units to look after. */
export function leaveWithReader(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", leaveOrThrow);
}

function leaveOrThrow(error: NodeJS.ErrnoException): void {
  if (error.code === "EPIPE") process.exit();
  throw error;
}
