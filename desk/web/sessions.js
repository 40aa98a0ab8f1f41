// sessions.js - the sessions that there are, and one of them: its screen with a bar of tools.
import {api} from './api.js';
import {el, say, succeeded, ask, save} from './dom.js';
import {texts} from './texts.js';
import {chooseMedium} from './media.js';
import {title} from './library.js';
import {Sound} from './sound.js';

const POLL_MS = 2000;
const KEYS = ['Ctrl+Alt+Delete', 'Ctrl+Escape', 'Alt+Tab', 'Alt+F4', 'Alt+Enter', 'Ctrl+C', 'Print', 'Pause', 'Escape', ...Array.from({length: 12}, (_, n) => `F${n + 1}`)];
const active = (session) => ['starting', 'repeating', 'running'].includes(session.state);

async function discard(id, then) {
  if (await ask(texts.discardAsk, el('p', {}, texts.discardSaid), [['', texts.cancel], ['discard', texts.discard, 'danger']]) !== 'discard') return;
  try {
    await api.discard(id);
    say(texts.discarded);
    then();
  } catch (error) {
    say(texts.failed(error.message), true);
  }
}

// Shows a link, once.
export async function invite(whom, title, text) {
  try {
    const field = el('input', {readOnly: true, value: `${location.origin}/#${await api.link(whom)}`, 'aria-label': title, onfocus: () => field.select()});
    await ask(title, [el('p', {}, text), field], [['', texts.close]]);
  } catch (error) {
    say(texts.failed(error.message), true);
  }
}

export async function sessionsPage(me) {
  const list = el('ul', {class: 'rows'});
  const titles = new Map((await api.library().catch(() => [])).map((archive) => [archive.file, title(archive)]));
  let drawn = '';
  const draw = async () => {
    const sessions = await api.sessions(), now = JSON.stringify(sessions.map(({id, state, reason, suspended}) => [id, state, reason, suspended]));
    if (now === drawn) return; // who stands on a button stays there
    drawn = now;
    const place = [...list.querySelectorAll('a, button')].indexOf(document.activeElement);
    list.replaceChildren(...sessions.map((session) => el('li', {},
      el('div', {}, el('a', {href: `#/session/${session.id}`}, titles.get(session.archive) || session.archive),
        el('p', {class: 'small'}, texts.openedAt(new Date(session.opened * 1000).toLocaleString()), session.reason || session.suspended ? ` · ${session.reason || texts.suspendedBy[session.suspended]}` : '')),
      el('span', {class: `chip ${active(session) ? 'open' : 'plain'}`}, texts.states[session.state]),
      el('div', {class: 'buttons'},
        el('a', {class: 'button', href: `#/session/${session.id}`}, active(session) || session.state === 'off' ? texts.show : texts.resume),
        el('a', {class: 'button', href: `#/session/${session.id}/files`}, texts.files),
        el('a', {class: 'button', href: `#/session/${session.id}/prints`}, texts.prints),
        el('a', {class: 'button', href: `#/session/${session.id}/film`}, texts.film),
        el('button', {onclick: () => keepJournal(session.id)}, texts.journal),
        me.role === 'archivist' && !session.mine && !session.override && el('button', {onclick: () => invite(`reader ${session.owner}`, texts.inviteBack, texts.inviteBackSaid)}, texts.inviteBack),
        el('button', {onclick: () => discard(session.id, draw)}, texts.discard)))));
    if (!sessions.length) list.replaceChildren(el('li', {}, texts.noSessions));
    if (place >= 0) (list.querySelectorAll('a, button')[place] || document.querySelector('h1')).focus();
  };
  await draw();
  const timer = setInterval(() => draw().catch(() => {}), POLL_MS * 2);
  return {title: texts.sessionsTitle, content: [el('h1', {tabIndex: -1}, texts.sessionsTitle), list], leave: () => clearInterval(timer)};
}

async function keepJournal(id) {
  try {
    save(await api.journal(id), `${id}.journal`);
  } catch (error) {
    say(texts.failed(error.message), true);
  }
}

export async function sessionPage(id, me) {
  const {Screen, LAYOUTS} = await import('./screen.js').catch(() => ({}));
  let session = await find(id), screen = null, sound = null, timer = null, gone = false, began = 0;
  const stage = el('div', {class: 'stage'}), status = el('p', {class: 'status', role: 'status', id: 'status'});
  const tools = [];
  const tool = (text, action, extra = {}) => {
    const button = el('button', {onclick: action, ...extra}, text);
    tools.push(button);
    return button;
  };

  async function pressKeys() {
    const chosen = await ask(texts.keys, el('p', {}, texts.keysAsk), [['', texts.cancel], ...KEYS.map((name) => [name, name])]);
    if (!chosen) return;
    screen?.press(chosen);
    screen?.focus();
  }

  async function typeText() {
    const field = el('textarea', {rows: 6, 'aria-label': texts.pasteText});
    const keyboard = el('select', {}, LAYOUTS.map((one) => el('option', {value: one, selected: one === layout}, texts.layouts[one])));
    if (await ask(texts.pasteText, [el('p', {}, texts.pasteAsk), field, el('label', {}, texts.layout, ' ', keyboard)], [['', texts.cancel], ['type', texts.type, 'main']]) !== 'type') return;
    layout = keyboard.value;
    screen?.focus();
    const untyped = await screen?.type(field.value, layout, (left) => { status.textContent = left ? texts.typing(left) : texts.hint; });
    if (untyped) say(texts.untyped(untyped), true);
  }

  async function suspend() {
    await api.suspend(id).catch((error) => say(texts.failed(error.message), true));
    say(texts.suspended);
    location.hash = '#/sessions';
  }

  async function hear(event) {
    const button = event.target, on = !sound;
    sound?.close();
    sound = null;
    try {
      if (on) await (sound = new Sound(api.sound(id))).begin();
      stage.sound = sound;
    } catch {
      sound = null;
      say(texts.soundFailed, true);
    }
    button.setAttribute('aria-pressed', Boolean(sound));
  }

  async function medium() {
    try {
      if (await chooseMedium(id, me)) await poll();
    } catch (error) {
      say(texts.failed(error.message), true);
    }
  }

  async function stay() {
    await api.stay(id).then(() => say(texts.stays), (error) => say(texts.failed(error.message), true));
    warning.hidden = true;
    screen?.focus();
  }

  const warningText = el('span', {}), warning = el('div', {class: 'leaving', role: 'alert', hidden: true}, warningText, el('button', {class: 'main', onclick: stay}, texts.stay));

  function warn() {
    const left = session.state === 'running' && session.left !== undefined ? session.left : null;
    warning.hidden = left === null;
    if (left !== null) warningText.textContent = texts.leaving(left > 60 ? left : Math.ceil(left / 10) * 10);
  }

  const name = el('strong', {title: session.archive}, session.archive.replace(/\.mun$/, ''));
  const heading = el('h1', {class: 'unseen'}, `${texts.screen}: ${session.archive}`);
  let layout = 'us'; // of the machine's keyboard: what suits the first language of its archive, until somebody says another
  api.archive(session.archive).then((archive) => { // the screen does not wait for it
    const [language = 'en'] = archive.languages;
    layout = /^en-GB/i.test(language) ? 'uk' : LAYOUTS?.find((one) => one === language.slice(0, 2).toLowerCase()) || 'us';
    if (!archive.title) return;
    name.title = `${archive.title} (${session.archive})`;
    name.textContent = archive.title;
    heading.textContent = `${texts.screen}: ${archive.title}`;
  }, () => {}); // one that is closed now says no more
  const bar = el('div', {class: 'tools', role: 'toolbar', 'aria-label': texts.toolbar},
    name,
    tool(texts.keys, pressKeys),
    tool(texts.pasteText, typeText),
    tool(texts.screenshot, () => screen?.picture((blob) => save(blob, `${session.archive.replace(/\.mun$/, '')}.png`))),
    tool(texts.capture, () => { screen?.capture(); say(texts.captureSaid); }),
    tool(texts.fullScreen, () => stage.requestFullscreen?.().then(() => screen?.focus())),
    tool(texts.scale, (event) => {
      const on = event.target.getAttribute('aria-pressed') !== 'true';
      event.target.setAttribute('aria-pressed', on);
      screen?.scale(on);
    }, {'aria-pressed': 'true'}),
    tool(texts.sound, hear, {'aria-pressed': 'false'}),
    tool(texts.media, medium),
    session.override && el('span', {class: 'chip closed'}, texts.overrideChip(session.override)),
    el('span', {class: 'end'},
      el('a', {class: 'button', href: `#/session/${id}/files`}, texts.files),
      el('a', {class: 'button', href: `#/session/${id}/prints`}, texts.prints),
      tool(texts.suspend, suspend),
      el('button', {onclick: () => discard(id, () => { location.hash = '#/'; })}, texts.discard)));

  async function find(which) {
    const found = (await api.sessions()).find((one) => one.id === which);
    if (!found) throw new Error(texts.sessionGone);
    return found;
  }

  function rest(text, action) {
    warning.hidden = true;
    status.textContent = '';
    for (const one of tools) one.disabled = true;
    const at = document.activeElement, stood = at === document.body || at.disabled || stage.contains(at);
    screen?.close();
    screen = null;
    stage.replaceChildren(el('div', {class: 'rest'}, el('p', {}, text), el('div', {class: 'buttons'}, action,
      el('a', {class: 'button', href: `#/session/${id}/files`}, texts.files), el('a', {class: 'button', href: '#/'}, texts.backToLibrary))));
    if (stood) stage.querySelector('button, a').focus();
  }

  async function resume() {
    try {
      session = await api.resume(id);
      await poll();
    } catch (error) {
      say(texts.failed(error.message), true);
    }
  }

  function connect() {
    stage.replaceChildren();
    for (const one of tools) one.disabled = false;
    status.textContent = texts.connecting;
    screen = new Screen(stage, api.screen(id), {
      label: heading.textContent,
      hint: status.id,
      connected: () => {
        status.textContent = texts.hint;
        succeeded();
        screen?.focus();
        stage.scrollIntoView();
      },
      disconnected: () => {
        screen = null;
        status.textContent = texts.disconnected;
        clearTimeout(timer);
        timer = setTimeout(poll, 500); // not at once: it might be refused again
      },
    });
  }

  // Of a repetition, which goes on as it went so far.
  function timeLeft() {
    began ||= performance.now();
    const passed = (performance.now() - began) / 1000;
    return passed > 1 && session.percent > 2 ? texts.left(passed * (100 - session.percent) / session.percent) : '';
  }

  async function poll() {
    clearTimeout(timer);
    if (gone) return;
    try {
      session = await find(id);
    } catch (error) {
      if (!gone) rest(error.message);
      return;
    }
    if (gone) return;
    warn();
    if (session.state !== 'repeating') began = 0;
    const resumeButton = () => el('button', {class: 'main', onclick: resume}, texts.resume);
    if (session.state === 'running' && !Screen) rest(texts.noScreen);
    else if (session.state === 'running' && !screen) connect();
    else if (session.state === 'starting') stage.replaceChildren(el('div', {class: 'rest'}, el('p', {}, texts.opening)));
    else if (session.state === 'repeating') {
      stage.replaceChildren(el('div', {class: 'rest'}, el('p', {}, texts.repeating(session.percent)), el('p', {class: 'small'}, timeLeft()), el('progress', {max: 100, value: session.percent, 'aria-label': texts.states.repeating})));
    } else if (session.state === 'off') return rest(texts.sessionOff);
    else if (session.state === 'suspended') return rest(session.reason ? texts.sessionEnded(session.reason) : texts.rests(texts.suspendedBy[session.suspended]), resumeButton());
    else if (session.state === 'failed') return rest(texts.failed(session.reason), resumeButton());
    timer = setTimeout(poll, session.state === 'running' ? POLL_MS : 300);
  }

  // The one key that the machine does not get.
  const escape = async (event) => {
    if (!(event.ctrlKey && event.altKey && event.code === 'KeyM')) return;
    event.preventDefault();
    event.stopPropagation();
    document.exitPointerLock();
    if (document.fullscreenElement) await document.exitFullscreen(); // until then nothing else has the focus
    (warning.hidden ? bar : warning).querySelector('button').focus();
  };
  addEventListener('keydown', escape, true);

  return {
    title: session.archive,
    class: 'session',
    keepsFocus: true,
    content: [heading, bar, warning, stage, status],
    shown: () => (session.state === 'suspended' && !session.reason ? resume() : poll()),
    leave: () => {
      gone = true;
      clearTimeout(timer);
      removeEventListener('keydown', escape, true);
      screen?.close();
      sound?.close();
    },
  };
}
