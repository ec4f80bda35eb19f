import { didYouMean } from "../nearest.ts";
import { type Issue, rawTable } from "./issue.ts";
import { shown } from "./shown.ts";

/**
 * Checks what depends on more than one key.
 * Why: it reads the raw document, so that these faults are reported together with the schema's own.
 */
export function crossIssues(document: unknown): readonly Issue[] {
  const raw = rawTable(document);
  const service = rawTable(raw.service);
  return [
    ...unitIssues(rawTable(raw.unit)),
    ...programIssues(service),
    ...credentialIssues(service),
    ...reloadIssues(service),
    ...oneshotIssues(service),
    ...socketIssues(rawTable(raw.socket)),
    ...probeIssues(raw),
  ];
}

/** What it is bound to has to be up first, whatever else is said of the order. */
function unitIssues({ binds_to, before }: Readonly<Record<string, unknown>>): readonly Issue[] {
  if (!Array.isArray(binds_to) || !Array.isArray(before)) return [];
  return before.flatMap((name, index): Issue[] =>
    binds_to.includes(name)
      ? [{ path: ["unit", "before", index], message: `cannot start before ${shown(name)}, which it is bound to` }]
      : [],
  );
}

function programIssues(service: Readonly<Record<string, unknown>>): readonly Issue[] {
  const hasScript = "script" in service;
  const hasProgram = "exec_start" in service;
  if (hasScript && hasProgram) {
    return [{ path: ["service", "exec_start"], message: "cannot stand beside `script`; keep one of the two" }];
  }
  if (!hasScript && !hasProgram) return [{ path: ["service"], message: "needs `script` or `exec_start`" }];
  if (hasScript) return [];
  return ["args", "runtime"]
    .filter((key) => key in service)
    .map((key) => ({ path: ["service", key], message: "belongs to `script`; with `exec_start` it has no meaning" }));
}

function credentialIssues({
  load_credential,
  load_credential_encrypted,
}: Readonly<Record<string, unknown>>): readonly Issue[] {
  const plain = rawTable(load_credential);
  return Object.keys(rawTable(load_credential_encrypted))
    .filter((name) => Object.hasOwn(plain, name))
    .map((name) => ({
      path: ["service", "load_credential_encrypted", name],
      message: "stands in `load_credential`, too; keep one of the two",
    }));
}

/** Why a fault: with a handover nobody would run it, and a command that is silently left out is worse. */
function reloadIssues({ exec_reload, reload_mode }: Readonly<Record<string, unknown>>): readonly Issue[] {
  if (!Array.isArray(exec_reload) || exec_reload.length === 0 || reload_mode === "signal") return [];
  return [{ path: ["service", "exec_reload"], message: 'is run with `reload_mode = "signal"` only' }];
}

/** Source: systemd.service(5), Type=, Restart= and RuntimeMaxSec=. */
function oneshotIssues(service: Readonly<Record<string, unknown>>): readonly Issue[] {
  if (service.type !== "oneshot") return [];
  const { restart } = service;
  const issues: Issue[] = [];
  if (restart === "always" || restart === "on-success") {
    const message = `"${restart}" would do the work of a oneshot again and again; on-failure and no are possible`;
    issues.push({ path: ["service", "restart"], message });
  }
  for (const key of ["runtime_max_sec", "watchdog_sec"].filter((each) => each in service)) {
    const message = "has no effect on a oneshot; `timeout_start_sec` says how long its work may take";
    issues.push({ path: ["service", key], message });
  }
  return issues;
}

function socketIssues(sockets: Readonly<Record<string, unknown>>): readonly Issue[] {
  return Object.entries(sockets).flatMap(([name, raw]): Issue[] => {
    const path = ["socket", name];
    const issues: Issue[] = [];
    if (!SOCKET_NAME.test(name)) {
      const message = "is no name for LISTEN_FDNAMES: it takes 1 to 255 printable ASCII characters without a colon";
      issues.push({ path, message });
    }
    if (name === PRIVATE) {
      const message =
        "is the name of the listener that each process of a unit with a probe gets for itself; choose another";
      issues.push({ path, message });
    }
    const keys = ["listen_stream", "listen_datagram"].filter((key) => key in rawTable(raw));
    if (keys.length === 0) issues.push({ path, message: "needs `listen_stream` or `listen_datagram`" });
    if (keys.length === 1 && keys[0] === "listen_datagram") issues.push(...datagramIssues(path, rawTable(raw)));
    if (keys.length === 2) issues.push({ path, message: "cannot have both `listen_stream` and `listen_datagram`" });
    return issues;
  });
}

function datagramIssues(path: readonly string[], socket: Readonly<Record<string, unknown>>): readonly Issue[] {
  return CONNECTION_KEYS.filter((key) => key in socket).map((key) => ({
    path: [...path, key],
    message: "belongs to `listen_stream`; a datagram socket has no connections",
  }));
}

const CONNECTION_KEYS = ["backlog", "no_delay", "keep_alive", "defer_accept_sec"];

/** Not a socket of the file: what `listener = "private"` of a probe means. */
const PRIVATE = "private";

/** Source: sd_listen_fds_with_names(3), "Notes"; a space is no control character, but splits `LISTEN_FDNAMES=` in a shell. */
const SOCKET_NAME = /^[!-9;-~]{1,255}$/;

const QUESTIONS = ["http_get", "tcp_socket", "exec", "listener"];

function probeIssues(document: Readonly<Record<string, unknown>>): readonly Issue[] {
  const sockets = Object.keys(rawTable(document.socket));
  return Object.entries(rawTable(document.probe)).flatMap(([kind, raw]): Issue[] => {
    const probe = rawTable(raw);
    const asked = QUESTIONS.filter((key) => key in probe);
    const path = ["probe", kind];
    const issues: Issue[] = [];
    if (asked.length !== 1) {
      const got = asked.length === 0 ? "it has none" : `it has ${asked.join(", ")}`;
      issues.push({ path, message: `needs exactly one of ${QUESTIONS.join(", ")}; ${got}` });
    }
    const { listener } = probe;
    if (typeof listener === "string" && listener !== PRIVATE && !sockets.includes(listener)) {
      const message = `names no socket of this unit: "${listener}"${didYouMean(listener, [...sockets, PRIVATE])}`;
      issues.push({ path: [...path, "listener"], message });
    }
    if (kind !== "readiness" && typeof probe.success_threshold === "number" && probe.success_threshold > 1) {
      // Source: Kubernetes refuses the same, since one success already ends what these two are asked for.
      issues.push({ path: [...path, "success_threshold"], message: `must be 1 for ${kind}` });
    }
    if ("path" in probe && !("listener" in probe)) {
      issues.push({
        path: [...path, "path"],
        message: "belongs to `listener`; the others carry their path themselves",
      });
    }
    return issues;
  });
}
