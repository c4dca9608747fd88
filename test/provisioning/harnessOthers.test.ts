import { jobCases } from '../support/harnessCases.ts'
import { describeJobs } from '../support/harnessSuite.ts'
import { some } from '../support/some.ts'

describeJobs(some(jobCases.filter(({ handler: { kind } }) => !kind.startsWith('cloudPod.'))))
