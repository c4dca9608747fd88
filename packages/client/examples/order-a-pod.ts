// Orders the smallest plan for a customer, pays the first invoice and waits until the pod is there.
//   MPANEL_URL=https://panel.example.com MPANEL_API_KEY=mp_… node order-a-pod.ts <customer id> <host name>
import { createClient } from '@mpanel/client'

const { MPANEL_URL: url = '', MPANEL_API_KEY: apiKey = '' } = process.env
const [customerId = '', hostname = ''] = process.argv.slice(2)
const mpanel = createClient({ url, credential: { apiKey } })

const { items: plans } = await mpanel.listPlans()
const plan = plans.find(({ code }) => code === 'small')
const price = plan?.prices.find(({ interval }) => interval === 'month')
const { items: blueprints } = await mpanel.listBlueprints()
const blueprint = blueprints.find(({ kind, available }) => kind === 'vm' && available)
if (!plan || !price || !blueprint) throw new Error('There is no plan small, or nothing to install on it.')

// What it will cost is asked first, and said with the order: nobody pays another price than he was shown.
const { total } = await mpanel.getOrderPreview({ path: { id: customerId }, query: { priceId: price.id } })
const { subscription, invoice } = await mpanel.createSubscription({
  body: {
    customerId,
    planId: plan.id,
    priceId: price.id,
    blueprintId: blueprint.id,
    hostname,
    shownTotalMinor: total.amount,
  },
})
if (invoice)
  await mpanel.recordPayment({
    path: { id: invoice.id },
    body: { amountMinor: invoice.total.amount, currency: invoice.total.currency, reference: hostname },
  })

for await (const job of mpanel.all.listJobs({
  query: { tenantId: subscription.tenantId, kind: 'cloudPod.create' },
})) {
  if (job.subject.label !== hostname) continue
  const ended = await mpanel.jobs.wait(job.id, {
    onProgress: ({ doing, progress }) => console.log(doing ?? '…', progress === null ? '' : `${progress} %`),
  })
  console.log(`${hostname}: ${ended.state}`)
  break
}
