import { expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import { z } from "zod";
import { MemoryQueue } from "../../services/queue/memory.ts";
import { type Queue, QueueFull, QueueUnavailable } from "../../services/queue/queue.ts";
import { api, good, NOON } from "./api.ts";

const PROBLEM = "application/problem+json";

const said = (route: string, status: string, code: string) => `${route} ${status} ${code}`.trim();

/** Shape: `{ allOf: [{…}, { properties: { code: { enum: ["queue-full"] } } }] }` → `["queue-full"]`. */
const codesOf = (schema: object): readonly string[] =>
  z
    .object({
      allOf: z.tuple([
        z.unknown(),
        z.object({ properties: z.object({ code: z.object({ enum: z.array(z.string()) }) }) }),
      ]),
    })
    .parse(schema).allOf[1].properties.code.enum;

type Content = Readonly<Record<string, Readonly<{ schema: object }>>>;
type Header = Readonly<{ required?: boolean }>;
type Answer = Readonly<{ headers: Readonly<Record<string, Header>>; content?: Content }>;
type Operation = Readonly<{ operationId: string; responses: Readonly<Record<string, Answer>> }>;
type Item = Readonly<Partial<Record<"get" | "post" | "delete", Operation>>>;
type Document = Readonly<{
  openapi: string;
  paths: Readonly<Record<string, Item>>;
  components: Readonly<{ schemas: Readonly<Record<string, object>> }>;
}>;

const document = (await api().get("/openapi.json")) as Document;
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  (["get", "post", "delete"] as const).flatMap((method) => {
    const operation = item[method];
    return operation ? [{ route: `${method.toUpperCase()} ${path}`, ...operation }] : [];
  }),
);

test("the document is valid OpenAPI 3.1", async () => {
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)));
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  expect(document.openapi).toBe("3.1.0");
});

test("the document names every route of the app, and no other", () => {
  const routes = api()
    .app.routes.filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`);
  expect(operations.map(({ route }) => route).sort()).toEqual([...new Set(routes)].sort());
});

test("each operation has a name of its own", () => {
  const names = operations.map(({ operationId }) => operationId);
  expect(new Set(names).size).toBe(names.length);
});

test("the body of a submission has an alternative for each task type, with its own payload", () => {
  const read = z.object({ paths: z.object({ "/tasks": z.object({ post: z.any() }) }) }).parse(document);
  const kinds = read.paths["/tasks"].post.requestBody.content["application/json"].schema.anyOf;
  expect(kinds.map((kind: { properties: { type: unknown } }) => kind.properties.type)).toEqual([
    { const: "report.aggregate" },
    { const: "webhook.deliver" },
  ]);
  expect(kinds[1].properties.payload.required).toEqual(["url", "body"]);
  expect(kinds[0].properties.delay_ms.minimum).toBe(0);
});

/** Shape: `{ "POST /tasks 503 queue-full", "GET /tasks 200" }`. */
const documented = operations.flatMap(({ route, responses }) =>
  Object.entries(responses).flatMap(([status, { content }]) => {
    const kinds = Object.entries(content ?? { none: { schema: {} } });
    return kinds.flatMap(([type, { schema }]) =>
      (type === PROBLEM ? codesOf(schema) : [""]).map((code) => said(route, status, code)),
    );
  }),
);

/** An upload that never comes whole. */
const ENDLESS = Symbol("endless");

/** What is asked, with `TASK` for the id of one that is queued and `ENDED` for one that was cancelled. */
type Question = Readonly<{
  route: string;
  path: string;
  body?: unknown;
  headers?: Readonly<Record<string, string>>;
  options?: Parameters<typeof api>[0];
  trouble?: (served: ReturnType<typeof api>, init: RequestInit) => unknown;
}>;

const answered: readonly Question[] = [
  { route: "POST /tasks", path: "/tasks", body: good },
  { route: "POST /tasks", path: "/tasks", body: {} },
  { route: "GET /tasks", path: "/tasks" },
  { route: "GET /tasks", path: "/tasks?limit=0" },
  { route: "GET /tasks/{id}", path: "/tasks/TASK" },
  { route: "GET /tasks/{id}", path: "/tasks/none" },
  { route: "DELETE /tasks/{id}", path: "/tasks/ENDED" },
  { route: "DELETE /tasks/{id}", path: "/tasks/TASK" },
  { route: "DELETE /tasks/{id}", path: "/tasks/none" },
  { route: "GET /tasks/{id}/events", path: "/tasks/ENDED/events" },
  { route: "GET /tasks/{id}/events", path: "/tasks/ENDED/events", headers: { "last-event-id": `cancelled-${NOON}` } },
  { route: "GET /tasks/{id}/events", path: "/tasks/none/events" },
  { route: "POST /tasks/{id}/cancel", path: "/tasks/TASK/cancel" },
  { route: "POST /tasks/{id}/cancel", path: "/tasks/ENDED/cancel" },
  { route: "POST /tasks/{id}/cancel", path: "/tasks/none/cancel" },
  { route: "POST /tasks/{id}/retry", path: "/tasks/ENDED/retry" },
  { route: "POST /tasks/{id}/retry", path: "/tasks/TASK/retry" },
  { route: "POST /tasks/{id}/retry", path: "/tasks/none/retry" },
  { route: "GET /queue", path: "/queue" },
  { route: "GET /queue", path: "/queue", trouble: ({ queue }) => cancelAll(queue) },
  { route: "POST /queue/pause", path: "/queue/pause" },
  { route: "POST /queue/pause", path: "/queue/pause?type=none" },
  { route: "POST /queue/resume", path: "/queue/resume?type=none" },
  { route: "POST /queue/resume", path: "/queue/resume?typ=x" },
  { route: "GET /healthz", path: "/healthz" },
  { route: "GET /readyz", path: "/readyz", trouble: ({ life }) => life.ready() },
  { route: "GET /readyz", path: "/readyz" },
  { route: "GET /metrics", path: "/metrics" },
  { route: "GET /info", path: "/info" },
  { route: "GET /openapi.json", path: "/openapi.json" },
  { route: "GET /docs", path: "/docs" },
];

/** What is done to an API so that it says a code. */
const troubles: Readonly<Record<string, Omit<Question, "route" | "path">>> = {
  internal: { trouble: ({ queue }) => everyMethod(queue, () => Promise.reject(new Error("broken"))) },
  "queue-unavailable": { trouble: ({ queue }) => everyMethod(queue, () => Promise.reject(new QueueUnavailable())) },
  "queue-full": { trouble: ({ queue }) => everyMethod(queue, () => Promise.reject(new QueueFull())) },
  "timed-out": {
    options: { timeLimitMs: 5 },
    trouble({ queue, life }) {
      life.ready();
      everyMethod(queue, forever);
    },
  },
  overloaded: {
    options: { timeLimitMs: 100 },
    trouble({ app, queue }, init) {
      everyMethod(queue, forever);
      for (let asked = 0; asked < 128; asked += 1)
        void app.request("/tasks", { ...init, body: init.method === "GET" ? null : JSON.stringify(good) });
    },
  },
  "too-many-requests": {
    options: { rateLimit: { perSecond: 0.001, burst: 1 } },
    trouble: ({ app }) => app.request("/tasks"),
  },
  "too-many-streams": { options: { maxStreams: 0 } },
  "upload-timed-out": { options: { timeLimitMs: 5 }, body: ENDLESS },
  "body-too-large": { body: "x".repeat(3_000) },
};

/** Every operation with every trouble: one that it does not come to is answered as if there were none. */
const troubled = operations.flatMap(({ route }) => {
  const question = answered.find((each) => each.route === route);
  return question ? Object.values(troubles).map((trouble) => ({ ...question, ...trouble })) : [];
});

test("every answer that the document names can be had, no other is given, and each is as it says", async () => {
  const had = new Set<string>();
  for (const question of [...answered, ...troubled]) {
    const answer = await ask(question);
    const text = await answer.text();
    const type = answer.headers.get("content-type")?.split(";")[0] ?? "none";
    const code = type === PROBLEM ? JSON.parse(text).code : "";
    const triple = said(question.route, String(answer.status), code);
    had.add(triple);
    const told = responseOf(question.route, answer.status);
    expect({ triple, types: Object.keys(told?.content ?? { none: 1 }) }).toEqual({
      triple,
      types: expect.arrayContaining([type]),
    });
    if (/json$/.test(type))
      expect({ triple, faults: faultsOf(question.route, answer.status, type, JSON.parse(text)) }).toEqual({
        triple,
        faults: [],
      });
    const certain = Object.entries(told?.headers ?? {}).flatMap(([name, { required }]) =>
      required === false ? [] : name,
    );
    const headers = certain.filter((name) => code !== "overloaded" || name !== "X-Request-Id");
    expect({ triple, missing: headers.filter((name) => !answer.headers.has(name)) }).toEqual({ triple, missing: [] });
  }
  expect([...had].sort()).toEqual([...new Set(documented)].sort());
});

async function ask({ route, path, body, headers = {}, options = {}, trouble }: Question): Promise<Response> {
  const served = api({ ...options, queue: new MemoryQueue({ now: () => NOON }) });
  const [task, ended] = [await served.queue.enqueue(good), await served.queue.enqueue(good)];
  await served.queue.cancel(ended.task.id);
  const text = typeof body === "string" || body === undefined ? (body ?? null) : JSON.stringify(body);
  const init = {
    method: route.split(" ")[0] ?? "",
    headers,
    body: body === ENDLESS ? new ReadableStream({ pull: forever }) : text,
  };
  await trouble?.(served, init);
  return served.app.request(path.replace("TASK", task.task.id).replace("ENDED", ended.task.id), init);
}

function forever(): Promise<never> {
  return new Promise(() => {});
}

async function cancelAll(queue: Queue): Promise<void> {
  for (const { id } of await queue.list({ limit: 9 })) await queue.cancel(id);
}

function everyMethod(queue: Queue, does: () => Promise<never>): void {
  for (const name of ["enqueue", "get", "list", "cancel", "retry", "discard", "stats", "pause", "resume"] as const)
    queue[name] = does;
}

function responseOf(route: string, status: number): Answer | undefined {
  return operations.find((each) => each.route === route)?.responses[status];
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true }).addSchema(document, "document");

/** What is wrong with a body, as the document sees it. */
function faultsOf(route: string, status: number, type: string, body: object): readonly string[] {
  const [method = "", path = ""] = route.split(" ");
  const pointer = ["paths", path, method.toLowerCase(), "responses", status, "content", type, "schema"];
  const check = ajv.getSchema(
    `document#/${pointer.map((part) => encodeURIComponent(String(part).replaceAll("/", "~1"))).join("/")}`,
  );
  if (!check) return ["it has no schema"];
  return check(body) ? [] : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}
