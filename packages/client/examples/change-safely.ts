// Tags every pod of a tenant, and overwrites nobody's change.
//   MPANEL_URL=https://panel.example.com MPANEL_API_KEY=mp_… node change-safely.ts <tenant id> <tag>
import { createClient, MPanelError } from '@mpanel/client'

const { MPANEL_URL: url = '', MPANEL_API_KEY: apiKey = '' } = process.env
const [tenantId = '', tag = ''] = process.argv.slice(2)
const mpanel = createClient({ url, credential: { apiKey } })

// Every page of the list, as one.
for await (const pod of mpanel.all.listCloudPods({ query: { tenantId, state: 'active', limit: 200 } })) {
  if (pod.tags.includes(tag)) continue
  try {
    const changed = await mpanel.updateCloudPod({
      path: { id: pod.id },
      body: { tags: [...pod.tags, tag] },
      ifMatch: pod.version,
    })
    console.log(`${changed.hostname}: ${changed.tags.join(', ')}`)
  } catch (error) {
    if (!(error instanceof MPanelError) || error.code !== 'precondition_failed') throw error
    console.log(`${pod.hostname}: somebody else has just changed it (request ${error.requestId})`)
  }
}
