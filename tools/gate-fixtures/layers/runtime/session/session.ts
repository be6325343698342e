export interface SessionPorts {
  readonly name: string
}

export const createSession = (ports: SessionPorts) => ports.name
