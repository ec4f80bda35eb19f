// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these placeholders are the unit file's own.
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Document, schemaFaults } from "./kubernetes-schema.ts";
import { containerOf, manifestsOf, ownUnits, templateOf, unitOf } from "./manifests.ts";
import { richUnit, tcpSocket, unixSocket } from "./rich-unit.ts";

setDefaultTimeout(60_000);

const migrate = unitOf(
  "migrate",
  '[service]\ntype = "oneshot"\nexec_start = ["/app/migrate", "${DSN}"]\ntimeout_start_sec = "10min"\n',
);
const rich = richUnit({
  name: "rich",
  sockets: [
    tcpSocket(),
    unixSocket(),
    tcpSocket({ name: "dns", kind: "datagram", address: { tag: "tcp", host: "", port: 53 } }),
  ],
});
const all = [...ownUnits, rich, migrate];
const whole = manifestsOf(all);
const PODS = ["Deployment", "Job"];

/** Whether a selector chooses what has these labels. */
const chooses = (selector: Document, labels: Document) =>
  Object.entries(selector).every(([key, value]) => labels[key] === value);

describe("the schemas of the API", () => {
  test("have nothing against what is written", () => {
    expect(schemaFaults(whole.documents)).toEqual([]);
    expect(new Set(whole.documents.map(({ kind }) => kind)).size).toBe(9);
  });

  test("still find a value that does not fit and a key that is not known, so that their silence means something", () => {
    const api = whole.only("Deployment", "api");
    expect(schemaFaults([{ ...api, spec: { ...api.spec, replicas: "3" } }])).not.toEqual([]);
    expect(schemaFaults([{ ...api, spec: { ...api.spec, replica: 3 } }])).toEqual([
      "Deployment spec.replica is not known",
    ]);
    const scaled = whole.only("ScaledObject", "worker");
    expect(schemaFaults([{ ...scaled, spec: { ...scaled.spec, minReplicas: 0 } }])).toEqual([
      "ScaledObject spec.minReplicas is not known",
    ]);
  });
});

describe("what belongs together finds each other", () => {
  test("each selector chooses the pods of one unit, and no others", () => {
    const pods = whole.ofKind(...PODS).map(templateOf);
    const selectors = whole.documents.flatMap(({ kind, spec }) => {
      if (kind === "Service") return [spec.selector];
      if (kind === "NetworkPolicy") return [spec.podSelector.matchLabels];
      return kind === "Deployment" || kind === "PodDisruptionBudget" ? [spec.selector.matchLabels] : [];
    });
    expect(selectors.length).toBeGreaterThan(12);
    for (const selector of selectors)
      expect(pods.filter(({ metadata }) => chooses(selector, metadata.labels))).toHaveLength(1);
  });

  test("ports are asked for by names that the container has", () => {
    for (const document of whole.ofKind("Deployment")) {
      const { name, ports, ...container } = containerOf(document);
      const names = ports.map((port: Document) => port.name);
      const asked = ["startupProbe", "readinessProbe", "livenessProbe"].flatMap(
        (key) => container[key]?.httpGet?.port ?? [],
      );
      const service = whole.ofKind("Service").find(({ metadata }) => metadata.name === name);
      const offered = service?.spec.ports.map((port: Document) => port.targetPort) ?? [];
      const policies = whole
        .ofKind("NetworkPolicy")
        .filter(({ metadata }) => [name, `${name}-metrics`].includes(metadata.name));
      const open = policies
        .flatMap(({ spec }) => spec.ingress)
        .flatMap((rule: Document) => rule.ports.map((port: Document) => port.port));
      expect(asked.length).toBeGreaterThan(0);
      for (const port of [...asked, ...offered, ...open]) expect(names).toContain(port);
      expect(new Set(names).size).toBe(names.length);
    }
  });

  test("what is scaled is there, and Prometheus finds each Service that it is sent to, at a port that it has", () => {
    for (const { spec } of whole.ofKind("HorizontalPodAutoscaler", "ScaledObject"))
      expect(whole.only("Deployment", spec.scaleTargetRef.name).kind).toBe("Deployment");
    const monitors = whole.ofKind("ServiceMonitor");
    expect(monitors.map(({ metadata }) => metadata.name)).toEqual(["api", "worker"]);
    for (const { spec } of monitors) {
      const found = whole
        .ofKind("Service")
        .filter(({ metadata }) => chooses(spec.selector.matchLabels, metadata.labels));
      expect(found).toHaveLength(1);
      expect(found[0]?.spec.ports.map((port: Document) => port.name)).toContain(spec.endpoints[0].port);
    }
  });

  test("what is mounted is a volume of the pod, and what a volume is made from is written or has to be made by hand", () => {
    for (const document of whole.ofKind(...PODS)) {
      const { containers, initContainers = [], volumes } = templateOf(document).spec;
      const mounts: Document[] = [...containers, ...initContainers].flatMap(({ volumeMounts }) => volumeMounts);
      const names = volumes.map((volume: Document) => volume.name);
      for (const { name } of mounts) expect(names).toContain(name);
      for (const { configMap } of volumes.filter((volume: Document) => volume.configMap)) {
        const generated: Document[] = whole.kustomizations.get("base/kustomization.yaml")?.configMapGenerator;
        const files = generated.find(({ name }) => name === configMap.name)?.files;
        for (const { subPath } of mounts.filter(({ subPath }) => subPath)) expect(files).toContain(`config/${subPath}`);
        for (const file of files) expect(whole.files.has(`base/${file}`)).toBe(true);
      }
    }
  });

  test("a kustomization names files that are there, and patches what its base has", () => {
    for (const [path, { resources, components = [], patches = [] }] of whole.kustomizations) {
      const folder = path.replace("/kustomization.yaml", "");
      const at = (relative: string) => new URL(relative, `file:///${folder}/`).pathname.slice(1);
      for (const resource of resources)
        expect(whole.files.has(at(resource)) || whole.files.has(`${at(resource)}/kustomization.yaml`)).toBe(true);
      for (const name of components) expect(whole.files.has(`${at(name)}/kustomization.yaml`)).toBe(true);
      for (const { target, patch } of patches) {
        const patched = whole.only(target.kind, target.name);
        for (const { op, path: pointer } of JSON.parse(patch)) {
          expect(["remove", "replace"]).toContain(op);
          const found = pointer
            .slice(1)
            .split("/")
            .reduce((inner: Document, key: string) => inner?.[key], patched);
          expect({ pointer, isThere: found !== undefined }).toEqual({ pointer, isThere: true });
        }
      }
    }
    const { patches } = whole.kustomizations.get("components/keda/kustomization.yaml") ?? {};
    expect(patches.map(({ target }: Document) => target.name)).toEqual(["worker"]);
  });
});

describe("a pod", () => {
  test("has three probes at the unit's routes; a start may take as long as timeout_start_sec", () => {
    const { startupProbe, readinessProbe, livenessProbe } = containerOf(whole.only("Deployment", "api"));
    expect(startupProbe).toMatchObject({
      httpGet: { path: "/readyz", port: "http" },
      periodSeconds: 1,
      failureThreshold: 30,
    });
    expect(readinessProbe).toMatchObject({
      httpGet: { path: "/readyz", port: "http" },
      periodSeconds: 10,
      failureThreshold: 3,
    });
    expect(livenessProbe).toMatchObject({ httpGet: { path: "/healthz", port: "http" } });
    expect(containerOf(whole.only("Deployment", "worker")).readinessProbe.httpGet).toEqual({
      path: "/readyz",
      port: "private",
    });
  });

  test.each([
    ['http_get = "http://127.0.0.1:8080/x?y=1"', { httpGet: { path: "/x?y=1", port: "http" } }],
    ['http_get = "https://localhost:9000/x"', { httpGet: { path: "/x", port: 9000, scheme: "HTTPS" } }],
    ['tcp_socket = "127.0.0.1:6379"', { tcpSocket: { port: 6379 } }],
    ['exec = ["/bin/check", "%n", "$(x)"]', { exec: { command: ["/bin/check", "web", "$$(x)"] } }],
  ])("asks what the unit asks: %s", (question, asked) => {
    const unit = unitOf(
      "web",
      `[service]\nexec_start = ["x"]\n[socket.http]\nlisten_stream = 8080\n[probe.liveness]\n${question}\n`,
    );
    expect(containerOf(manifestsOf([unit]).only("Deployment", "web")).livenessProbe).toMatchObject(asked);
  });

  test("that asks another machine for its health is told to be lost", () => {
    const unit = unitOf("web", '[service]\nexec_start = ["x"]\n[probe.liveness]\nhttp_get = "http://example.org/"\n');
    const { only, losses } = manifestsOf([unit]);
    expect(containerOf(only("Deployment", "web")).livenessProbe).toBeUndefined();
    expect(losses.map(({ key }) => key)).toContain("probe.liveness");
  });

  test("goes on for five seconds, then drains for as long as the unit says, and is killed only after that", () => {
    const unit = unitOf("web", '[service]\nexec_start = ["x"]\n[handover]\ndrain_sec = "90s"\n');
    const { lifecycle, env } = containerOf(manifestsOf([unit]).only("Deployment", "web"));
    const { terminationGracePeriodSeconds } = templateOf(manifestsOf([unit]).only("Deployment", "web")).spec;
    const drainMs = Number(env.find(({ name }: Document) => name === "SUPERVISOR_DRAIN_MS").value);
    expect(drainMs).toBe(90_000);
    expect(lifecycle.preStop.sleep.seconds).toBe(5);
    expect(terminationGracePeriodSeconds).toBeGreaterThan(lifecycle.preStop.sleep.seconds + drainMs / 1000);
  });

  test.each([
    ["handover", 1, { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } }],
    ["restart", 1, { type: "Recreate" }],
    ["restart", 3, { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } }],
  ])("of a unit with reload_mode %s and %d instances is replaced by %j", (mode, instances, strategy) => {
    const unit = unitOf("web", `[service]\nexec_start = ["x"]\nreload_mode = "${mode}"\ninstances = ${instances}\n`);
    expect(manifestsOf([unit]).only("Deployment", "web").spec).toMatchObject({ strategy, replicas: instances });
  });

  test("is Guaranteed, and Burstable where that is said", () => {
    const limits = { cpu: "1500m", memory: "512Mi" };
    const change = { memoryMaxBytes: 512 * 2 ** 20, cpuQuotaPercent: 150 };
    const resources = (burstable: ReadonlySet<string>) =>
      containerOf(manifestsOf([richUnit({ name: "web" }, change)], { burstable }).only("Deployment", "web")).resources;
    expect(resources(new Set())).toEqual({ requests: limits, limits });
    expect(resources(new Set(["web"]))).toEqual({ requests: { cpu: "375m", memory: "256Mi" }, limits });
  });

  test("runs as nobody, writes nowhere but where it may, and gains no privilege", () => {
    for (const document of whole.ofKind(...PODS)) {
      const { securityContext, containers, initContainers = [] } = templateOf(document).spec;
      expect(securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532 });
      for (const container of [...containers, ...initContainers])
        expect(container.securityContext).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
        });
    }
  });

  test("binds every address at the unit's port, since nobody lends it a listener", () => {
    const { env } = containerOf(whole.only("Deployment", "api"));
    expect(env).toContainEqual({ name: "HOST", value: "0.0.0.0" });
    expect(env).toContainEqual({ name: "PORT", value: "8080" });
    expect(containerOf(whole.only("Deployment", "worker")).env).toContainEqual({
      name: "SUPERVISOR_PRIVATE_LISTEN",
      value: "0.0.0.0:8081",
    });
  });
});

describe("secrets", () => {
  test("a variable that no file gives comes from a Secret, and stands before whoever uses it", () => {
    const text =
      '[service]\nexec_start = ["x", "--dsn=${DSN}"]\nenvironment = { A = "${TOKEN}/a", B = "${A}b", C = "$(x)" }\n';
    const { env, command } = containerOf(manifestsOf([unitOf("web", text)]).only("Deployment", "web"));
    expect(command).toEqual(["x", "--dsn=$(DSN)"]);
    const [token, dsn, ...own] = env.filter(({ name }: Document) => !name.startsWith("SUPERVISOR_"));
    for (const [variable, name] of [
      [token, "TOKEN"],
      [dsn, "DSN"],
    ])
      expect(variable).toEqual({ name, valueFrom: { secretKeyRef: { name: "web-environment", key: name } } });
    expect(own).toEqual([
      { name: "A", value: "$(TOKEN)/a" },
      { name: "B", value: "$(TOKEN)/ab" },
      { name: "C", value: "$$(x)" },
    ]);
  });

  test("environment files and credentials are Secrets of the unit's name, made by hand", () => {
    const text =
      '[service]\nexec_start = ["x"]\nenvironment_file = ["-.env"]\nload_credential = { db = "/etc/keys/db" }\n';
    const document = manifestsOf([unitOf("web", text)]).only("Deployment", "web");
    const { envFrom, env, volumeMounts } = containerOf(document);
    expect(envFrom).toEqual([{ secretRef: { name: "web-environment", optional: true } }]);
    const directory = env.find(({ name }: Document) => name === "CREDENTIALS_DIRECTORY").value;
    expect(volumeMounts).toContainEqual({ name: "credentials", mountPath: directory, readOnly: true });
    const volume = templateOf(document).spec.volumes.find(({ name }: Document) => name === "credentials");
    expect(volume.secret).toMatchObject({ secretName: "web-credentials", items: [{ key: "db", path: "db" }] });
  });

  test("no password gets into a file, be it in the queue's URL or in config/", () => {
    const config = [
      { name: "default.toml", text: "[api]\nport = 8080\n" },
      { name: "production.toml", text: '[queue]\nurl = "redis://u:hunter2@redis:6379"\n' },
    ];
    const { files, losses } = manifestsOf(ownUnits, {
      config,
      queue: { url: "redis://u:hunter2@redis:6379", concurrency: 4 },
    });
    expect([...files.values()].join("")).not.toContain("hunter2");
    expect([...files.keys()].filter((name) => name.startsWith("base/config/"))).toEqual(["base/config/default.toml"]);
    expect(losses.map(({ unit, key }) => `${unit}: ${key}`)).toContain("config: production.toml");
  });
});

test("a unit that is not enabled, or whose name another one has, is not written, and that is told", () => {
  const named = (name: string, more = "") => unitOf(name, `${more}[service]\nexec_start = ["x"]\n`);
  const { documents, losses } = manifestsOf([
    named("a.b"),
    named("a_b"),
    named("off", "[unit]\nenabled = false\n"),
    named("1"),
    named("kustomization"),
  ]);
  expect(new Set(documents.map(({ metadata }) => metadata.name))).toEqual(new Set(["a-b", "u-1", "u-kustomization"]));
  expect(losses.filter(({ why }) => why.startsWith("not written: ")).map(({ unit }) => unit)).toEqual(["a_b", "off"]);
});

test("a oneshot is a Job that ends, with the time that it has", () => {
  const { spec } = whole.only("Job", "migrate");
  expect(spec).toMatchObject({ activeDeadlineSeconds: 600, backoffLimit: 0 });
  expect(spec.template.spec.restartPolicy).toBe("Never");
  expect(whole.documents.filter(({ metadata }) => metadata.name === "migrate").map(({ kind }) => kind)).toEqual([
    "Job",
    "NetworkPolicy",
  ]);
});

test("what is lost stands at the head of the unit's file", () => {
  const own = whole.losses.filter(({ unit, key }) => unit === "rich" && !key.startsWith("queue."));
  const lines = (whole.files.get("base/rich.yaml") ?? "").split("\n");
  expect(own.length).toBeGreaterThan(20);
  for (const { unit, key, why } of own) expect(lines).toContain(`#   ${unit}: ${key}: ${why}`);
});

test.each([
  ["redis://h:6379", { listName: "{supervisor}:state:queued", databaseIndex: "0" }],
  ["redis://h:6379/?queue=a.b", { listName: "{a.b}:state:queued", databaseIndex: "0" }],
  ["rediss://u:p@h/12?queue=mail", { listName: "{mail}:state:queued", databaseIndex: "12", enableTLS: "true" }],
])("KEDA is sent to the queue of %s", (url, metadata) => {
  const { triggers, minReplicaCount } = manifestsOf(ownUnits, { queue: { url, concurrency: 4 } }).only(
    "ScaledObject",
    "worker",
  ).spec;
  expect(minReplicaCount).toBe(0);
  expect(triggers[0]).toMatchObject({ type: "redis", metadata });
  expect(triggers.at(-1).metadata.listLength).toBe("4");
});

test("two workers are scaled each by itself, and each finds how to ask", () => {
  const [, worker] = ownUnits;
  if (!worker) throw new Error("there is no worker");
  const { only, documents } = manifestsOf([worker, { ...worker, name: "heavy" }]);
  for (const name of ["worker", "heavy"]) {
    const { triggers } = only("ScaledObject", name).spec;
    for (const { authenticationRef } of triggers)
      expect(only("TriggerAuthentication", authenticationRef.name)).toBeDefined();
  }
  const ids = documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  expect(ids.toSorted()).toEqual([...new Set(ids)].toSorted());
});

test("a queue that is not in Redis is told to be none for several pods", () => {
  const { losses } = manifestsOf(ownUnits, { queue: { url: "sqlite:x.db", concurrency: 4 } });
  expect(losses.map(({ unit, key }) => `${unit}: ${key}`)).toContain("worker: queue.url");
});
