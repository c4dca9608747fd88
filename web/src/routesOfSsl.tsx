import { createRoute } from '@tanstack/react-router'
import { page, search, under } from './routeBase.tsx'

export const certificates = [
  createRoute({
    getParentRoute: under,
    path: 'certificates',
    validateSearch: search('q', 'problems', 'endsBefore', 'tab', 'page'),
    component: page(() => import('./pages/ssl/CertificatesPage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'certificates/$id',
    validateSearch: search('tab'),
    component: page(() => import('./pages/ssl/CertificatePage.tsx')),
  }),
  createRoute({
    getParentRoute: under,
    path: 'ssl-issuers',
    validateSearch: search('page'),
    component: page(() => import('./pages/ssl/IssuersPage.tsx')),
  }),
] as const
