import { useEffect, useState } from 'react'

const keyOf = (): string => `link:${location.pathname}`

/**
 * The token of a mailed link. It comes in the fragment, which is taken out of the address at once; this tab keeps it
 * until it is used, so that one may log in meanwhile.
 */
export function useLinkToken(): string | null {
  const [token] = useState(() => {
    const given = new URLSearchParams(location.hash.slice(1)).get('t')
    if (given !== null) sessionStorage.setItem(keyOf(), given)
    return given ?? sessionStorage.getItem(keyOf())
  })
  useEffect(() => {
    if (location.hash !== '') history.replaceState(history.state, '', location.pathname)
  }, [])
  return token
}

export const forgetLinkToken = (): void => sessionStorage.removeItem(keyOf())
