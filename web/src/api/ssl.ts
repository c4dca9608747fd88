import { queryOptions } from '@tanstack/react-query'
import type { z } from 'zod'
import type {
  SslCertificate,
  SslCertificateDetail,
  SslDeployment,
  SslOrder,
  SslVersion,
  sslAccepted,
  sslCertificateCreate,
  sslCertificateReplace,
  sslCertificateUpload,
} from '../../../shared/api/ssl.ts'
import type {
  SslIssuer,
  SslIssuerCheck,
  sslIssuerCreate,
  sslIssuerUpdate,
} from '../../../shared/api/sslIssuers.ts'
import type {
  SslDeployments,
  SslTarget,
  SslTargetCreate,
  SslTargetMade,
} from '../../../shared/api/sslTargets.ts'
import { get, patch, post, remove } from './http.ts'
import { detailQuery, listQuery, type ListFilter } from './lists.ts'

export type {
  SslCertificate,
  SslCertificateDetail,
  SslDeployment,
  SslIssuer,
  SslOrder,
  SslTarget,
  SslTargetMade,
  SslVersion,
}
export type SslAccepted = z.infer<typeof sslAccepted>

const PATH = '/api/admin/ssl/certificates'
const ISSUERS = '/api/admin/ssl/issuers'
/** What changes with a certificate is asked for again with it. */
const OF = 'sslCertificates'

type Filter = ListFilter & { q?: string | undefined; problems?: string | undefined }
export const certificatesQuery = (filter: Filter) => listQuery<SslCertificate, Filter>(OF, PATH, filter)
export const certificateQuery = (id: string) => detailQuery<SslCertificateDetail>(OF, PATH, id)

const partQuery = <Part>(id: string, part: string) =>
  queryOptions({
    queryKey: [OF, 'detail', id, part] as const,
    queryFn: ({ signal }) => get<Part>(`${PATH}/${id}/${part}`, undefined, signal),
  })
export const sslOrdersQuery = (id: string) => partQuery<{ items: SslOrder[] }>(id, 'orders')
/** Proofs are looked for by a timer, which tells nobody. */
export const sslDeploymentsQuery = (id: string) => ({
  ...partQuery<SslDeployments>(id, 'deployments'),
  refetchInterval: 10_000,
})
export const sslFindingsQuery = (filter: ListFilter) =>
  listQuery<SslDeployment, ListFilter>('sslFindings', '/api/admin/ssl/findings', filter)

export const requestCertificate = (body: z.input<typeof sslCertificateCreate>, key: string) =>
  post<SslAccepted>(PATH, body, key)
export const uploadCertificate = (body: z.input<typeof sslCertificateUpload>, key: string) =>
  post<SslCertificate>(`${PATH}/upload`, body, key)
export const replaceCertificate = (id: string, body: z.input<typeof sslCertificateReplace>, key: string) =>
  post<SslCertificate>(`${PATH}/${id}/upload`, body, key)
export const renewCertificate = (id: string, key: string) => post<SslAccepted>(`${PATH}/${id}/renew`, {}, key)
export const revokeCertificate = (id: string, reason: string, key: string) =>
  post<SslAccepted>(`${PATH}/${id}/revoke`, { reason }, key)
export const checkCertificate = (id: string, key: string) => post<null>(`${PATH}/${id}/check`, {}, key)
export const removeCertificate = (id: string) => remove<null>(`${PATH}/${id}`)
export const takeChain = (id: string) => get<{ pem: string }>(`${PATH}/${id}/chain`)
export const takeKey = (id: string, key: string) =>
  post<{ pem: string; keyPem: string }>(`${PATH}/${id}/key`, {}, key)

const targetPath = (certificateId: string, targetId: string) =>
  `${PATH}/${certificateId}/deployments/${targetId}`
export const addTarget = (certificateId: string, body: SslTargetCreate, key: string) =>
  post<SslTargetMade>(`${PATH}/${certificateId}/deployments`, body, key)
export const deliverAgain = (certificateId: string, targetId: string, key: string) =>
  post<{ jobId: string | null }>(`${targetPath(certificateId, targetId)}/deliver`, {}, key)
export const removeTarget = (certificateId: string, targetId: string) =>
  remove<null>(targetPath(certificateId, targetId))

export const sslIssuersQuery = (filter: ListFilter) =>
  listQuery<SslIssuer, ListFilter>('sslIssuers', ISSUERS, filter)
export const createIssuer = (body: z.input<typeof sslIssuerCreate>, key: string) =>
  post<SslIssuer>(ISSUERS, body, key)
export const updateIssuer = ({ id, version }: SslIssuer, body: z.input<typeof sslIssuerUpdate>) =>
  patch<SslIssuer>(`${ISSUERS}/${id}`, body, version)
export const changeAccountKey = (id: string, key: string) =>
  post<{ jobId: string }>(`${ISSUERS}/${id}/account-key`, {}, key)
export const checkIssuer = (id: string, key: string) =>
  post<SslIssuerCheck>(`${ISSUERS}/${id}/check`, {}, key)
export const retireIssuer = (id: string) => remove<null>(`${ISSUERS}/${id}`)
export const takeRoot = () => get<{ pem: string }>('/api/admin/ssl/root')
