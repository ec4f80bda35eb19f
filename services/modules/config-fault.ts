/** What `config/` says of a module cannot be done; the message names every fault with file, line and key. */
export class ConfigFault extends Error {
  override readonly name = "ConfigFault";
}
