import { expect, test } from "bun:test";
import { readSecrets, signatureHeaders, type WebhookSecret } from "../../services/tasks/webhook-signature.ts";

const FIRST = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SECOND = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const secrets = (...lines: string[]) => readSecrets(lines.join("\n")) as readonly WebhookSecret[];

/** The one that the libraries of Standard Webhooks are tested with. */
const example = ["msg_p5jXN8AQM9LWM0D4loKWxJek", '{"test": 2432232314}', 1_614_265_330_999] as const;

test("a body is signed as Standard Webhooks does", () => {
  expect(signatureHeaders(secrets(FIRST), ...example)).toEqual({
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
  });
});

test("two secrets make two signatures, so that a receiver needs to know one; none makes none", () => {
  const one = (secret: string) => signatureHeaders(secrets(secret), ...example)["webhook-signature"];
  const both = signatureHeaders(secrets(FIRST, SECOND), ...example)["webhook-signature"];
  expect(both).toBe(`${one(FIRST)} ${one(SECOND)}`);
  expect(signatureHeaders([], ...example)).toEqual({});
});

test("secrets stand one on a line; blank lines and spaces around them do not matter", () => {
  expect(readSecrets(`\n  ${FIRST}\r\n\n${SECOND}`)).toEqual(secrets(FIRST, SECOND));
  expect(secrets(FIRST).map(({ length }) => length)).toEqual([24]);
});

const mustBe = "must be whsec_ and the base64 of 24 to 64 bytes";
test.each([
  ["", "holds no secret"],
  [" \n", "holds no secret"],
  [`${FIRST}\n${SECOND}\n${FIRST}`, "holds 3 secrets, 2 are allowed"],
  [`${FIRST}\n\nhush`, `line 3: ${mustBe}`],
  [FIRST.slice(6), `line 1: ${mustBe}`],
  ["whsec_", `line 1: ${mustBe}`],
  ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!!", `line 1: ${mustBe}`],
  [`whsec_${Buffer.alloc(23).toString("base64")}`, `line 1: ${mustBe}`],
  [`whsec_${Buffer.alloc(65).toString("base64")}`, `line 1: ${mustBe}`],
])("what is no file of secrets is refused by its line: %j", (text, words) => {
  expect(readSecrets(text)).toBe(words);
});
