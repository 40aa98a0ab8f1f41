// api.js - questions to the desk.
import {texts} from './texts.js';

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function fetched(path, options) {
  let response;
  try {
    response = await fetch(path, {credentials: 'same-origin', redirect: 'error', ...options});
  } catch {
    throw new Refused(0, texts.offline);
  }
  if (response.ok) return response;
  let message = response.statusText;
  try {
    message = (await response.json()).error || message;
  } catch { /* no body */ }
  throw new Refused(response.status, message);
}

const post = (path, body = ' ') => fetched(path, {method: 'POST', body, headers: {'content-type': 'text/plain'}});
// One object on each line.
const lines = async (response) => (await response.text()).split('\n').filter(Boolean).map((line) => JSON.parse(line));
const archive = (name) => `/api/archives/${encodeURIComponent(name)}`;
export const override = (reason) => `override ${reason.replace(/\s+/g, ' ').trim()}\n`;
const session = (id) => `/api/sessions/${encodeURIComponent(id)}`;

// Of a session's disks, or an archive's; of what is closed, for a reason.
async function listed(of, what) {
  const path = `${of.session ? session(of.session) : archive(of.archive)}/${what}`;
  return lines(of.reason ? await post(path, `${override(of.reason)}drive=${of.drive || ''}`) : await fetched(of.drive ? `${path}?drive=${of.drive}` : path));
}

export const api = {
  me: async () => (await fetched('/api/me')).json(),
  enter: (secret) => post('/api/enter', secret),
  leave: () => post('/api/leave'),
  link: async (role) => (await post('/api/links', role)).headers.get('muniment-link'),
  library: async () => lines(await fetched('/api/library')),
  archive: async (name) => (await fetched(archive(name))).json(),
  picture: (name) => `${archive(name)}/picture`,
  verify: async (name) => lines(await post(`${archive(name)}/verify`)),
  open: async (name, how = ' ') => (await post(`${archive(name)}/sessions`, how)).json(),
  sessions: async () => lines(await fetched('/api/sessions')),
  suspend: (id) => post(`${session(id)}/suspend`),
  resume: async (id) => (await post(`${session(id)}/resume`)).json(),
  discard: (id) => post(`${session(id)}/discard`),
  screen: (id) => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${session(id)}/screen`,
  sound: (id) => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${session(id)}/sound`,
  stay: (id) => post(`${session(id)}/stay`),
  volumes: (of) => listed(of, 'volumes'),
  files: (of) => listed(of, 'files'),
  retrieve: (of, paths) =>
    post(of.session ? `${session(of.session)}/retrieve` : `${archive(of.archive)}/retrieve`, (of.reason ? override(of.reason) : '') + `drive=${of.drive}\n` + paths.join('\n')),
  prints: async (id) => lines(await fetched(`${session(id)}/prints`)),
  print: async (id, number, kind) => (await post(`${session(id)}/print-${kind}`, String(number))).blob(),
  film: async (id) => (await fetched(`${session(id)}/film`)).arrayBuffer(),
  jobs: async () => lines(await fetched('/api/jobs')),
  media: async () => lines(await fetched('/api/media')),
  insert: async (id, drive, image) => (await post(`${session(id)}/insert`, `${drive}\n${image}`)).json(),
  upload: async (name, size) => (await post('/api/uploads', `${name}\n${size}`)).json(),
  uploadPiece: async (id, piece) => (await post(`/api/uploads/${id}`, piece)).json(),
  journal: async (id) => (await fetched(`${session(id)}/journal`)).blob(),
};
