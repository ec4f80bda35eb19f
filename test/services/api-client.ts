import { eventually } from "../support/eventually.ts";
import { Program, type RuntimeName } from "./program.ts";

export const MAIN = new URL("../../services/main.ts", import.meta.url).pathname;

/** A drain waits for clients that may still use their connection. These do not. */
export const CLOSE = { connection: "close" };

export type TaskAnswer = Readonly<{
  id: string;
  state: string;
  attempts: number;
  result: unknown;
  error: Readonly<{ code: string; message: string }> | null;
}>;

export type ServiceOrder = Readonly<{
  runtime: RuntimeName;
  mode: string;
  cwd: string;
  settings?: readonly string[];
  environment?: Readonly<Record<string, string>>;
}>;

/** Starts services/main.ts in a folder of its own, on a port of its own. */
export function startService({ runtime, mode, cwd, settings = [], environment = {} }: ServiceOrder): Program {
  const sets = ["api.port=0", ...settings].flatMap((setting) => ["--set", setting]);
  return new Program({ runtime, script: [MAIN, "run", mode, ...sets], cwd, environment });
}

/** Waits until the API listens. Answers with its base URL. */
export async function apiUrl(api: Program): Promise<string> {
  const [, address] = await api.prints(/"event":"api\.listening","address":"([^"]+)"/);
  return `http://${address}`;
}

/** Submits a task. Errors: throws unless the answer is 202, or when there is none. */
export async function submit(url: string, task: unknown, key?: string): Promise<string> {
  const headers = {
    ...CLOSE,
    "content-type": "application/json",
    ...(key !== undefined && { "idempotency-key": key }),
  };
  const answer = await fetch(`${url}/tasks`, { method: "POST", headers, body: JSON.stringify(task) });
  const text = await answer.text();
  if (answer.status !== 202) throw new Error(`${answer.status}: ${text}`);
  return (JSON.parse(text) as { id: string }).id;
}

/** Waits until a task is in the given state. */
export function settled(url: string, id: string, state = "done"): Promise<TaskAnswer> {
  const ask = async () => {
    const task = (await (await fetch(`${url}/tasks/${id}`, { headers: CLOSE })).json()) as TaskAnswer;
    return task.state === state ? task : null;
  };
  return eventually(ask, 30_000, `task ${id} is ${state}`) as Promise<TaskAnswer>;
}
