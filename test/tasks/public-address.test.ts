import { expect, test } from "bun:test";
import { isPublicAddress, isWithin } from "../../services/tasks/public-address.ts";

test.each([
  ["this network", "0.0.0.0", "0.1.2.3"],
  ["loopback", "127.0.0.1", "127.255.255.255", "::1"],
  ["private", "10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.1", "fc00::1", "fd12:3456::1"],
  ["shared by a provider's customers", "100.64.0.1", "100.127.255.255"],
  ["link-local", "169.254.169.254", "fe80::1", "fe80::1%lo", "febf::1"],
  ["site-local, as it was once", "fec0::1"],
  ["multicast", "224.0.0.1", "239.255.255.255", "ff02::1"],
  ["broadcast, and kept for later", "255.255.255.255", "240.0.0.1", "4000::1", "::2:0:0:0:1"],
  ["for protocols, documents and measurements", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1"],
  ["the same in IPv6", "2001:db8::1", "3fff::1", "2001:2::1", "2001::1", "100::1", "5f00::1"],
  ["relays", "192.88.99.1", "2002:7f00:1::", "2002:808:808::1"],
  ["IPv4 in IPv6 that is not public", "::ffff:127.0.0.1", "::ffff:a00:1", "64:ff9b::7f00:1", "64:ff9b::192.168.0.1"],
  ["IPv4 in IPv6 in ways that lead nowhere good", "::127.0.0.1", "::8.8.8.8", "::ffff:0:8.8.8.8", "64:ff9b:1::808:808"],
  ["no address", "", "localhost", "2130706433", "127.1", "0177.0.0.1", "010.8.8.8", "1.2.3.4:80", "[::1]"],
] as [string, ...string[]][])("not public: %s", (_, ...addresses) => {
  expect((addresses as string[]).filter(isPublicAddress)).toEqual([]);
});

test("public: what lies beside those, and IPv4 in IPv6 that is public", () => {
  const addresses = ["1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255"];
  const more = ["172.15.255.255", "172.32.0.0", "192.167.255.255", "192.169.0.0", "223.255.255.255", "169.253.255.255"];
  const v6 = ["2606:4700::1111", "2620:fe::fe", "2a00:1450::1", "3ffe:ffff::1", "::ffff:8.8.8.8", "64:ff9b::808:808"];
  const all = [...addresses, ...more, ...v6];
  expect(all.filter((address) => !isPublicAddress(address))).toEqual([]);
});

test.each([
  ["public", ["1.1.1.1"]],
  ["local", ["1.1.1.1", "127.0.0.1", "::1", "::ffff:127.0.0.1"]],
  ["any", ["1.1.1.1", "127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"]],
] as const)("the reach %s has its addresses", (reach, wanted) => {
  const addresses = ["1.1.1.1", "127.0.0.1", "::1", "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254"];
  expect(addresses.filter((address) => isWithin(reach, address))).toEqual([...wanted]);
});
