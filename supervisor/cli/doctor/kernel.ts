import { spawnSync } from "node:child_process";
import { release } from "node:os";
import { bad, type Finding, warn, well } from "./finding.ts";

const check = "kernel";
const features = [
  ["pidfd_getfd", [5, 6]],
  ["pidfd_open", [5, 3]],
  ["EPOLLEXCLUSIVE", [4, 5]],
] as const;
const LEAST_GLIBC = [2, 34] as const;
const LIMIT_MS = 5000;

/** Looks whether the kernel has what is used of it, by its version: the calls themselves cannot be made from here. */
export function checkKernel(platform: string = process.platform, version: string = release()): Finding {
  if (platform !== "linux") {
    const detail = `${platform} has no epoll, no pidfd and no cgroups: only the command line works here`;
    return bad(check, detail, "run the supervisor on Linux");
  }
  const missing = features.filter(([, least]) => !isAtLeast(version, least)).map(([name]) => name);
  if (missing.length === 0)
    return well(check, `Linux ${version} has epoll, ${features.map(([name]) => name).join(", ")}`);
  const fix = "run Linux 5.6 or newer";
  return missing.includes("EPOLLEXCLUSIVE")
    ? bad(check, `Linux ${version} is too old: it lacks ${missing.join(", ")}`, fix)
    : warn(
        check,
        `Linux ${version} lacks ${missing.join(", ")}: a killed supervisor's services cannot be adopted`,
        fix,
      );
}

/** Looks for the C library that the supervisor calls. */
export function checkLibc(ask: () => string | null = askGetconf): Finding {
  const told = ask();
  const fix =
    "use a distribution with glibc 2.34 or newer (Debian 12, Ubuntu 22.04, RHEL 9); Alpine's musl does not do";
  if (told === null) return bad("libc", "there is no glibc here", fix);
  return isAtLeast(told.replace("glibc ", ""), LEAST_GLIBC)
    ? well("libc", told)
    : bad("libc", `${told} is too old`, fix);
}

/** Shape: "glibc 2.36". */
function askGetconf(): string | null {
  const { status, stdout } = spawnSync("getconf", ["GNU_LIBC_VERSION"], { encoding: "utf8", timeout: LIMIT_MS });
  return status === 0 && stdout.startsWith("glibc ") ? stdout.trim() : null;
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ownMajor = 0, ownMinor = 0] = version.split(/[.-]/).map(Number);
  return ownMajor > major || (ownMajor === major && ownMinor >= minor);
}
