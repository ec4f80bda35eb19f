import { expect, test } from "bun:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { openapi } from "../../supervisor/control/openapi.ts";
import { createControl } from "../../supervisor/control/routes.ts";
import { FakeDesk } from "./fixtures/fake-desk.ts";
import { fakeOptions } from "./fixtures/serve.ts";

type Document = { paths: Record<string, Record<string, unknown>>; components: { schemas: Record<string, unknown> } };
const documented = openapi() as Document;

test("every route is in the document, and nothing else is", () => {
  const closing = new AbortController();
  closing.abort();
  const app = createControl(new FakeDesk(), fakeOptions({ closing: closing.signal }));
  const routes = app.routes
    .filter((route) => route.method !== "ALL")
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, "{$1}")}`);
  const paths = Object.entries(documented.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(paths.sort()).toEqual(routes.sort());
});

test("the document is valid OpenAPI 3.1, and refers to nothing outside its schemas", async () => {
  const text = JSON.stringify(documented);
  const { valid, errors } = await new Validator().validate(JSON.parse(text));
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  expect(text.match(/"\$ref":"(?!#\/components\/schemas\/\w+")[^"]*"/g)).toBeNull();
});

test("every schema that is referred to exists, and an optional key stays optional", () => {
  const names = [...JSON.stringify(documented).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
    ([, name]) => name ?? "",
  );
  expect(names.length).toBeGreaterThan(10);
  for (const name of names) expect(documented.components.schemas).toHaveProperty(name);
  expect(documented.components.schemas.StopBody).not.toHaveProperty("required");
});
