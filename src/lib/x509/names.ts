import { domainToASCII } from 'node:url'
import { sha256 } from '../crypto.ts'

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/**
 * A name as certificates carry it: lower case, A-labels, perhaps with `*.` in front. Null for what is no such name: the
 * conversion is a URL's and forgives what no CA does, so the text is looked at before and after.
 */
export function certificateName(text: string): string | null {
  const trimmed = text.trim().replace(/\.$/, '')
  const wildcard = trimmed.startsWith('*.')
  const base = wildcard ? trimmed.slice(2) : trimmed
  if (/[/%@:?#\\\s*]/.test(base)) return null
  const ascii = domainToASCII(base)
  const labels = ascii.split('.')
  const isName = ascii.length <= 253 && labels.length >= 2 && labels.every((label) => LABEL.test(label))
  if (!isName || /^\d+$/.test(labels.at(-1) ?? '')) return null
  return wildcard ? `*.${ascii}` : ascii
}

export const isWildcard = (name: string): boolean => name.startsWith('*.')
export const withoutWildcard = (name: string): string => name.replace(/^\*\./, '')

/** The name itself and every name above it, the last label alone left out. */
export function nameAndParents(name: string): string[] {
  const labels = withoutWildcard(name).split('.')
  return labels.slice(0, -1).map((_, at) => labels.slice(at).join('.'))
}

/** The same for the same names in any order: one certificate is asked for a set once. */
export const nameSetOf = (names: readonly string[]): string =>
  sha256([...new Set(names)].toSorted().join('\n')).toString('hex')

/** Whether a certificate with these names is good for a name. */
export const covers = (names: readonly string[], name: string): boolean =>
  names.some(
    (one) =>
      one === name ||
      (isWildcard(one) && !isWildcard(name) && name.split('.').slice(1).join('.') === one.slice(2)),
  )
