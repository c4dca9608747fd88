import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { canPod } from '../../../../shared/states/cloudPod.ts'
import { t } from '../../../../shared/text.ts'
import { cloudPodQuery } from '../../api/cloudPods.ts'
import { Loaded } from '../../components/Loaded.tsx'
import { Page } from '../../components/Page.tsx'
import { useSession } from '../../components/session.ts'
import { PodBadges } from '../../components/StateBadge.tsx'
import { paths } from '../../paths.ts'
import { Notice } from '../../ui/Notice.tsx'
import { Console } from './Console.tsx'

const route = getRouteApi('/t/$tenant/cloudpods/$id/console')

export default function ConsolePage() {
  const { id } = route.useParams()
  const { tenant, can } = useSession()
  const query = useQuery({ ...cloudPodQuery(id), enabled: can('cloudpods:console') })
  const pod = query.data
  return (
    <Page
      title={pod ? t`Console of ${pod.hostname}` : t`Console`}
      crumbs={[
        { label: t`CloudPods`, link: paths.cloudPods(tenant.slug) },
        { label: pod?.hostname ?? t`CloudPod`, link: paths.cloudPod(tenant.slug, id) },
      ]}
      permission="cloudpods:console"
      badge={pod && <PodBadges pod={pod} />}
    >
      <Loaded query={query} what="CloudPod">
        {(data) => {
          const verdict = canPod.console(data)
          return verdict.allowed ? (
            <Console pod={data} />
          ) : (
            <Notice tone="info" title="There is no console now">
              {verdict.reason}
            </Notice>
          )
        }}
      </Loaded>
    </Page>
  )
}
