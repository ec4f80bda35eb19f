import { CREDENTIALS, ROOT, STATE } from "../container/options.ts";
import type { Workload } from "../container/workload.ts";
import type { YamlMap } from "../yaml.ts";
import type { KubernetesOptions } from "./options.ts";

/** The name of the ConfigMap with the files of `config/`. */
export const CONFIG = "config";

export const credentialsSecret = (name: string): string => `${name}-credentials`;

/** A volume of the pod, and where its containers have it. */
export type Mounted = Readonly<{ volume: YamlMap; mounts: readonly YamlMap[] }>;

/** What is mounted: the root file system is read-only, so whatever is written needs a place. */
export function volumes({ unit, name, bundled }: Workload, { config }: KubernetesOptions): readonly Mounted[] {
  const { loadCredential, loadCredentialEncrypted } = unit.service;
  const ids = Object.keys({ ...loadCredential, ...loadCredentialEncrypted });
  return [
    mounted("tmp", { emptyDir: {} }, { mountPath: "/tmp" }),
    mounted("state", { emptyDir: {} }, { mountPath: STATE }),
    ...(bundled === null ? [] : configFiles(config)),
    ...(ids.length > 0
      ? [
          mounted(
            "credentials",
            {
              secret: {
                secretName: credentialsSecret(name),
                defaultMode: 0o440,
                items: ids.map((id) => ({ key: id, path: id })),
              },
            },
            { mountPath: CREDENTIALS, readOnly: true },
          ),
        ]
      : []),
  ];
}

/** Each by itself, since the folder of the image may hold more. */
function configFiles(config: KubernetesOptions["config"]): readonly Mounted[] {
  if (config.length === 0) return [];
  const at = config.map(({ name }) => ({ mountPath: `${ROOT}/config/${name}`, subPath: name, readOnly: true }));
  return [mounted("config", { configMap: { name: CONFIG } }, ...at)];
}

function mounted(name: string, source: YamlMap, ...at: readonly YamlMap[]): Mounted {
  return { volume: { name, ...source }, mounts: at.map((each) => ({ name, ...each })) };
}
