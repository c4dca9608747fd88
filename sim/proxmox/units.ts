const KiB = 1024
export const MiB = KiB * 1024
export const GiB = MiB * 1024

const UNITS: Record<string, number> = { '': 1, K: KiB, M: MiB, G: GiB, T: GiB * 1024 }

/** `10G` → bytes; null when it is no size. */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text)
  return match ? Math.trunc(Number(match[1]) * (UNITS[match[2] ?? ''] ?? 1)) : null
}

/** Bytes → the largest unit without a remainder, as Proxmox writes sizes into configurations (`0T` for nothing). */
export function formatSize(bytes: number): string {
  let value = bytes
  let unit = ''
  for (const next of ['K', 'M', 'G', 'T']) {
    if (value % KiB !== 0) break
    value /= KiB
    unit = next
  }
  return `${value}${unit}`
}

/** As the progress lines print it: `1.2 GiB`. */
export function humanSize(bytes: number): string {
  let value = bytes
  let index = 0
  const names = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  while (value >= KiB && index < names.length - 1) {
    value /= KiB
    index += 1
  }
  return `${value.toFixed(1)} ${names[index]}`
}
