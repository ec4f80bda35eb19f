/** Renders a size as systemctl does. Shape: 512 → "512B"; 12_897_485 → "12.3M". Units: powers of 1024. */
export function bytes(sizeBytes: number): string {
  let size = sizeBytes;
  for (const letter of ["B", "K", "M", "G", "T"]) {
    const text = letter === "B" ? String(size) : size.toFixed(1);
    if (Number(text) < 1024 || letter === "T") return `${text}${letter}`;
    size /= 1024;
  }
  return `${size}`;
}
