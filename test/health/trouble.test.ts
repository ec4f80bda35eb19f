import { expect, test } from "bun:test";
import { trouble } from "../../supervisor/health/trouble.ts";

test.each([
  ["ECONNREFUSED", "refused the connection"],
  ["EAGAIN", "refused the connection"],
  ["ECONNRESET", "reset the connection"],
  ["ENOENT", "has no socket there"],
  ["ENOTFOUND", "has a host name that nobody knows"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "failed the TLS handshake"],
  ["EMFILE", "could not be asked: EMFILE"],
])("%s is told as: %s", (code, clause) => {
  expect(trouble(Object.assign(new Error("connect failed"), { code }))).toBe(clause);
});
