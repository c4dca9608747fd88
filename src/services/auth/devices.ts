import type { Root } from '../../context.ts'
import { sha256 } from '../../lib/crypto.ts'

/** How long a browser is known after a log-in. */
export const DEVICE_MS = 180 * 86_400_000

type User = { id: string; password_hash: string | null }

/** Another user's, and one from before a change of the password, does not open. */
const purposeOf = ({ id, password_hash: hash }: User): string =>
  `known-device:${id}:${sha256(hash ?? '').toString('hex')}`

/** What a browser keeps to be known as one that this user has logged in with. It opens nothing by itself. */
export const rememberDevice = (root: Root, user: User): string =>
  root.sealer.seal(String(root.now().getTime()), purposeOf(user)).toString('base64url')

export function isKnownDevice(root: Root, user: User | undefined, device: string | undefined): boolean {
  if (!user || device === undefined) return false
  try {
    const since = Number(root.sealer.open(Buffer.from(device, 'base64url'), purposeOf(user)))
    return root.now().getTime() - since < DEVICE_MS
  } catch {
    // Forged, of somebody else, or from before a change of the password.
    return false
  }
}
