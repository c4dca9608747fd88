import { jobCases } from '../support/harnessCases.ts'
import { describeJobs } from '../support/harnessSuite.ts'

describeJobs(
  jobCases.filter(({ handler: { kind } }) => kind.startsWith('cloudPod.') && kind !== 'cloudPod.create'),
)
