// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { expect, test } from "bun:test";
import { fixture, imported } from "./imported.ts";

const main = fixture("procfile/Procfile");

test("each type is a unit with foreman's port; a shell runs only what needs one", () => {
  const { units, lost, changed } = imported({ kind: "procfile", main }, { dotEnv: fixture("procfile/dot-env").text });
  expect(units.web.service).toEqual({
    exec_start: ["bundle", "exec", "puma", "-p", "${PORT}", "-e", "${RACK_ENV:-development}"],
    restart: "always",
    timeout_stop_sec: "5s",
    environment: { PORT: "5000" },
    environment_file: ["-.env"],
  });
  expect(units.worker.service.exec_start).toEqual(["bundle", "exec", "sidekiq", "-q", "${QUEUES}"]);
  expect(units.worker.service.environment).toEqual({ PORT: "5100", QUEUE: "mail" });
  expect(units.css.service.exec_start).toEqual(["/bin/sh", "-c", "yarn build:css --watch | tee css.log"]);
  expect(units.release).toMatchObject({ unit: { enabled: false }, service: { type: "oneshot" } });
  expect(lost).toEqual(["Procfile:6 a"]);
  expect(changed).toEqual(["Procfile:5 release"]);
});

test("a variable that nobody is known to set is left to a shell, which takes it as empty", () => {
  const { units } = imported({ kind: "procfile", main: { file: "Procfile", text: "w: run -q $QUEUES\n" } });
  expect(units.w.service.exec_start).toEqual(["/bin/sh", "-c", "exec run -q $QUEUES"]);
});

test("PORT of the .env is where the ports begin, and beside another folder's Procfile the .env is found there", () => {
  const text = "a: one\nb: two\n";
  const { units } = imported(
    { kind: "procfile", main: { file: "app/Procfile", text } },
    { base: "app", dotEnv: "PORT=3000\n" },
  );
  expect(units.b.service).toMatchObject({
    environment: { PORT: "3100" },
    environment_file: ["-app/.env"],
    working_directory: "app",
  });
});

test("a .env that a unit cannot read is copied into it, and each line that says nothing is told", () => {
  const dotEnv = "export A=1\nB='two words'\nno variable\nC=100%\n";
  const { units, lost, changed } = imported(
    { kind: "procfile", main: { file: "Procfile", text: "a: one\n" } },
    { dotEnv },
  );
  expect(units.a.service.environment).toEqual({ A: "1", B: "two words", C: "100%%", PORT: "5000" });
  expect(units.a.service.environment_file).toBeUndefined();
  expect(lost).toEqual([".env:3 .env"]);
  expect(changed).toEqual([".env:1 export"]);
});
