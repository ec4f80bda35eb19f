import { z } from "../unit/schema/zod.ts";
import { schemas } from "./schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document of the control API, made of the schemas that the routes themselves use. */
export function openapi(): Json {
  return {
    openapi: "3.1.0",
    info: { title: "supervisor control API", version: "1", license: { name: "MIT", identifier: "MIT" } },
    paths: {
      "/healthz": { get: query("Says that the control plane answers.", json("Health")) },
      "/metrics": { get: query("The figures, as OpenMetrics.", text("application/openmetrics-text")) },
      "/v1/openapi.json": { get: query("This document.", text("application/json")) },
      "/v1/status": {
        get: query("Everything, or the units that ?unit= names.", json("Status"), [
          parameter("query", "unit", "A pattern; may be given several times."),
        ]),
      },
      "/v1/units/{name}": { get: query("One unit, with its processes.", json("UnitStatus"), [name]) },
      "/v1/units/{name}/unit": { get: query("What the unit's file said.", json("LoadedUnit"), [name]) },
      "/v1/units/{name}/why": {
        get: query("What happened to the unit, newest first, and why.", json("Why"), [
          name,
          parameter("query", "limit", "How many of the last entries; 20 unless told."),
        ]),
      },
      "/v1/units/{name}/logs": {
        get: query("What the unit printed.", text("text/plain"), [name, ...logParameters]),
      },
      "/v1/logs": {
        get: query("What units printed, merged by time.", text("text/plain"), [
          parameter("query", "unit", "A pattern; may be given several times. All units unless told."),
          ...logParameters,
        ]),
      },
      ...configPaths(),
      ...releasePaths(),
      "/v1/events": {
        get: query("The transitions, as server-sent events; data is a Happening.", text("text/event-stream"), [
          parameter("query", "after", "The last seq that was seen; Last-Event-ID says the same."),
          parameter("query", "follow", "0: end with the last one that is kept."),
        ]),
      },
      ...orderPaths(),
    },
    components: {
      schemas: named(),
      securitySchemes: { token: { type: "http", scheme: "bearer", description: "On TCP only." } },
    },
  };
}

/** The schemas by name; one that refers to another, or to itself, does so by its place in the document. */
function named(): Json {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(schemas)) registry.add(schema, { id });
  const uri = (id: string) => `#/components/schemas/${id}`;
  const made = z.toJSONSchema(registry, { io: "input", unrepresentable: "any", uri });
  return Object.fromEntries(Object.entries(made.schemas).map(([id, { $schema, $id, ...schema }]) => [id, schema]));
}

function orderPaths(): Json {
  return {
    "/v1/units/{name}/start": { post: order("Starts units.", "NoBody", [name]) },
    "/v1/units/{name}/stop": { post: order("Stops units; refused while others require them.", "StopBody", [name]) },
    "/v1/units/{name}/settle": { post: order("Asks for nothing, and waits as for a start.", "NoBody", [name]) },
    "/v1/units/{name}/restart": { post: order("Stops, then starts: with downtime.", "NoBody", [name]) },
    "/v1/units/{name}/reload": { post: order("Hands over to a new generation.", "NoBody", [name]) },
    "/v1/units/{name}/reset-failed": { post: order("Forgets failures.", "NoBody", [name]) },
    "/v1/units/{name}/scale": { post: order("Changes the number of instances.", "ScaleBody", [name]) },
    "/v1/units/{name}/signal": { post: order("Sends a signal.", "SignalBody", [name]) },
    "/v1/reload": { post: order("Hands over every unit that can.", "NoBody", []) },
    "/v1/reexec": {
      post: order(
        "Replaces the supervisor's own program, in place. Waits for the check of the next one alone.",
        "ReexecBody",
        [],
      ),
    },
    "/v1/stop": { post: order("Stops every unit, then the daemon.", "NoBody", []) },
  };
}

function configPaths(): Json {
  return {
    "/v1/config": { get: query("The settings that hold, with the layer that set each.", json("Settings")) },
    "/v1/config/diff": { get: query("What a reload of the files would do.", json("Plan")) },
    "/v1/config/reload": { post: order("Takes what the files say, all of it or nothing.", "NoBody", []) },
  };
}

function releasePaths(): Json {
  const release = { ...parameter("path", "release", "A release, by its id."), required: true };
  return {
    "/v1/releases": { get: query("The releases, oldest first, and what became of each.", json("Releases")) },
    "/v1/releases/{release}/deploy": {
      post: order("Hands everything over to a release that is there, by all or by none.", "DeployBody", [release]),
    },
    "/v1/rollback": {
      post: order("Hands everything back to a release; to the last good one where none is named.", "RollbackBody", []),
    },
  };
}

const name = {
  ...parameter("path", "name", "A unit, or for orders patterns with commas between: api, api@2, work*, all."),
  required: true,
};

function parameter(place: "query" | "path", key: string, description: string): Json {
  return { in: place, name: key, description, schema: { type: "string" } };
}

const logParameters = [
  parameter(
    "query",
    "lines",
    "How many of the last lines that match, or all; 10 unless told, all with since or until.",
  ),
  parameter("query", "follow", "1: go on with what is printed from now on."),
  parameter("query", "since", "Only what was printed then or later: a time, or a span such as 10min ago."),
  parameter("query", "until", "Only what was printed then or before."),
  parameter("query", "stream", "stdout or stderr."),
  parameter("query", "output", "raw: as printed; json: an object a line."),
];

function json(schema: keyof typeof schemas): Json {
  return { "application/json": { schema: { $ref: `#/components/schemas/${schema}` } } };
}

function text(mediaType: string): Json {
  return { [mediaType]: { schema: { type: "string" } } };
}

const refused = {
  description: "Refused.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

function query(summary: string, content: Json, parameters: readonly Json[] = []): Json {
  return { summary, parameters, responses: { 200: { description: "Done.", content }, default: refused } };
}

function order(
  summary: string,
  body: "NoBody" | "StopBody" | "ScaleBody" | "SignalBody" | "ReexecBody" | "DeployBody" | "RollbackBody",
  parameters: readonly Json[],
): Json {
  return {
    summary,
    parameters: [...parameters, parameter("query", "wait", "A span of at most 1h: answers when settled, or then.")],
    requestBody: { required: body === "SignalBody" || body === "ScaleBody", content: json(body) },
    responses: {
      200: { description: "Settled, or the wait is over.", content: json("Verdicts") },
      202: { description: "Accepted; nobody waits.", content: json("Accepted") },
      default: refused,
    },
  };
}
