import type { SessionPorts } from '../session/session.ts'

export const ports: SessionPorts = { name: 'types are allowed' }
