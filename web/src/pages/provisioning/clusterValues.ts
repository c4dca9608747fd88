import type { ClusterValues } from './TrustFields.tsx'

/** The connection as the API takes it. */
export const connectionOf = ({ apiUrl, tokenId, tokenSecret, trust, caPem, fingerprint }: ClusterValues) => ({
  apiUrl: apiUrl.trim(),
  tokenId: tokenId.trim(),
  tokenSecret,
  caPem: trust === 'ca' ? caPem.trim() : null,
  fingerprint: trust === 'fingerprint' ? fingerprint.trim().toUpperCase() : null,
})
