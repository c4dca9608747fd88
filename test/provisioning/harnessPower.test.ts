import { jobCases } from '../support/harnessCases.ts'
import { describeJobs } from '../support/harnessSuite.ts'

describeJobs(
  jobCases.filter(({ handler: { kind } }) => /^cloudPod\.(?:destroy|power|suspend|resume)$/.test(kind)),
)
