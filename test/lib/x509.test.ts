import { expect, test } from 'vitest'
import { certificateName, covers, nameAndParents, nameSetOf } from '../../src/lib/x509/names.ts'
import { makeRoot, newKey, signWith } from '../../src/lib/x509/make.ts'
import {
  ariId,
  certificatesIn,
  factsOf,
  leadsTo,
  requireChain,
  requireKeyOf,
  serialBytes,
} from '../../src/lib/x509/read.ts'
import { pauseAfter, renewalAt } from '../../src/lib/x509/renewal.ts'

const DAY = 86_400_000
const at = (days: number): Date => new Date(Date.UTC(2030, 0, 1) + days * DAY)

test('ARI names a certificate with the leading 00 of its serial, as in RFC 9773', () => {
  expect(ariId(Buffer.from('aYhba4dGQEHhs3uEe6CuLN4ByNQ', 'base64url'), serialBytes('87654321'))).toBe(
    'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE',
  )
  expect(serialBytes('7f01')).toEqual(Buffer.from([0x7f, 0x01]))
})

test('a certificate is renewed at two thirds of its life, a short one at a half, in the window of its CA, never in the last twentieth', () => {
  const middle = (): number => 0.5
  expect(renewalAt({ notBefore: at(0), notAfter: at(90) }, null, middle)).toEqual(at(60))
  expect(renewalAt({ notBefore: at(0), notAfter: at(6) }, null, middle)).toEqual(at(3))
  const window = { start: at(10), end: at(20) }
  expect(renewalAt({ notBefore: at(0), notAfter: at(90) }, window, () => 0.25)).toEqual(at(12.5))
  expect(renewalAt({ notBefore: at(0), notAfter: at(100) }, { start: at(99), end: at(100) }, middle)).toEqual(
    at(95),
  )
  expect([1, 2, 3, 4, 9].map((failures) => pauseAfter(failures, middle) / 60_000)).toEqual([
    1, 10, 100, 1440, 1440,
  ])
})

test('names are what CAs take: lower case, A-labels, perhaps a wildcard; anything else is refused', () => {
  expect(certificateName(' WWW.Example.COM. ')).toBe('www.example.com')
  expect(certificateName('*.bücher.example')).toBe('*.xn--bcher-kva.example')
  for (const bad of [
    'example',
    'a/b.com',
    '127.0.0.1',
    '*.*.com',
    'a..b',
    '-a.com',
    'a_b.com',
    '%41.com',
    '*',
    '',
  ])
    expect(certificateName(bad), bad).toBeNull()
  expect(nameAndParents('*.a.example.com')).toEqual(['a.example.com', 'example.com'])
  expect(nameSetOf(['b.com', 'a.com', 'b.com'])).toBe(nameSetOf(['a.com', 'b.com']))
  expect(covers(['*.example.com'], 'a.example.com')).toBe(true)
  expect(covers(['*.example.com'], 'a.b.example.com')).toBe(false)
})

test('a certificate of the private CA leads to its root; a wrong order, a wrong key and what is no certificate are told', async () => {
  const [rootKey, key] = [await newKey(), await newKey()]
  const root = await makeRoot('mPanel private CA', rootKey, at(0), at(3650))
  const leaf = await signWith(
    { pem: root, keyPem: rootKey },
    { names: ['a.example.com', '*.a.example.com'], keyPem: key, notBefore: at(0), notAfter: at(90) },
  )
  const chain = certificatesIn(`${leaf}\n${root}`)
  expect(factsOf(requireChain(chain))).toMatchObject({
    names: ['a.example.com', '*.a.example.com'],
    issuerName: 'mPanel private CA',
    notAfter: at(90),
  })
  expect(leadsTo(certificatesIn(leaf), certificatesIn(root))).toBe(true)
  requireKeyOf(requireChain(chain), key)
  expect(() => requireKeyOf(requireChain(chain), rootKey)).toThrow('not that of the certificate')
  expect(() => requireKeyOf(requireChain(chain), 'no key')).toThrow('PEM form')
  expect(() => requireChain(certificatesIn(`${root}\n${leaf}`))).toThrow('put the one with your names first')
  const stranger = await makeRoot('Another', key, at(0), at(3650))
  expect(() => requireChain(certificatesIn(`${leaf}\n${stranger}`))).toThrow('not in order')
  expect(() => certificatesIn('hello')).toThrow('no certificate')
})
