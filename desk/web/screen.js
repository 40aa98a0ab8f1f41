// screen.js - the screen of a session: a small layer on noVNC (1.7), which adds the pointer's movement by itself (QEMU Pointer Motion Change, -257),
// with the browser's pointer lock.
import RFB from './novnc/core/rfb.js';
import KeyTable from './novnc/core/input/keysym.js';
import keysyms from './novnc/core/input/keysymdef.js';

const POINTER_MOTION = -257, ORIGIN = 0x7FFF;
const LAYOUT = 0x4D554E00; // a pseudo-encoding of the desk's own: which keyboard layout the machine has; and how many characters it does not type (desk/rfb/rfb.h)
export const LAYOUTS = ['us', 'uk', 'de', 'fr', 'es', 'it'];
const EDGE = 4096; // dots that push a machine's pointer to the edge over which the browser's leaves
const TYPE_MS = 45; // between two characters: guests of the time lose faster ones

const NAMES = {Ctrl: ['XK_Control_L', 'ControlLeft'], Alt: ['XK_Alt_L', 'AltLeft'], Delete: ['XK_Delete', 'Delete'], Escape: ['XK_Escape', 'Escape'], Tab: ['XK_Tab', 'Tab'],
  Enter: ['XK_Return', 'Enter'], Print: ['XK_Print', 'PrintScreen'], Pause: ['XK_Pause', 'Pause'], C: ['XK_c', 'KeyC']};

class MovingRFB extends RFB {
  constructor(...parameters) {
    super(...parameters);
    this.layout = 0;
    this.untyped = 0; // characters that no keys of the layout type
    this.relative = false; // the machine asks for movements, not positions
    this.last = null; // where the browser's pointer was, in dots of the machine
    this.left = (event) => this.leave(event);
    this._canvas.addEventListener('mouseleave', this.left);
  }

  // A machine that asks for movements is sent those of the browser's pointer: so its own follows, as far as its driver does not accelerate it.
  _sendMouse(x, y, mask) {
    if (!this.relative) return super._sendMouse(x, y, mask);
    const now = [this._display.absX(x), this._display.absY(y)], before = this.last || now;
    this.last = now;
    this.move(now[0] - before[0], now[1] - before[1], mask & 0x7F);
  }

  // Over an edge both leave at the same place: what had come between them is gone.
  leave(event) {
    if (!this.relative || this._viewOnly || !this.last || event.buttons) return;
    const box = this._canvas.getBoundingClientRect();
    const over = (at, first, last) => (at <= first + 1 ? -EDGE : at >= last - 1 ? EDGE : 0);
    const dx = over(event.clientX, box.left, box.right), dy = over(event.clientY, box.top, box.bottom);
    if (dx || dy) this.move(dx, dy, 0);
    this.last = [dx < 0 ? 0 : dx > 0 ? this._fbWidth - 1 : this.last[0], dy < 0 ? 0 : dy > 0 ? this._fbHeight - 1 : this.last[1]];
  }

  _sendEncodings() {
    const own = RFB.messages.clientEncodings;
    RFB.messages.clientEncodings = (socket, encodings) => own(socket, [...encodings, POINTER_MOTION, LAYOUT + this.layout]);
    try {
      super._sendEncodings();
    } finally {
      RFB.messages.clientEncodings = own;
    }
  }

  _handleRect() {
    if (this._FBU.encoding === POINTER_MOTION) this.relative = this._FBU.x === 0;
    else if (this._FBU.encoding === LAYOUT) this.untyped += this._FBU.x;
    else return super._handleRect();
    return true;
  }

  move(dx, dy, mask) {
    const place = (delta) => Math.max(0, Math.min(0xFFFF, ORIGIN + Math.round(delta)));
    RFB.messages.pointerEvent(this._sock, place(dx), place(dy), mask);
  }
}

export class Screen {
  // label: what it is called, and hint: the id of what says how it is left.
  constructor(stage, url, {label, hint, connected, disconnected}) {
    this.rfb = new MovingRFB(stage, url, {shared: true});
    this.rfb.scaleViewport = true;
    this.rfb.background = 'transparent';
    this.rfb.qualityLevel = 9;
    this.rfb.addEventListener('connect', connected);
    this.rfb.addEventListener('disconnect', disconnected);
    this.canvas = stage.querySelector('canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'application'); // its keys are the machine's
    this.canvas.setAttribute('aria-label', label);
    this.canvas.setAttribute('aria-describedby', hint);
    this.canvas.addEventListener('blur', () => this.rfb?._keyboard._allKeysUp()); // what is held down is let go elsewhere
    this.mask = 0;
    this.locked = (event) => this.moved(event);
    document.addEventListener('pointerlockchange', this.lockChanged = () => {
      const on = document.pointerLockElement === this.canvas;
      for (const name of ['mousemove', 'mousedown', 'mouseup'])
        this.canvas[on ? 'addEventListener' : 'removeEventListener'](name, this.locked, true);
    });
  }

  moved(event) {
    event.preventDefault();
    event.stopPropagation();
    const bit = [1, 2, 4][event.button] || 0;
    if (event.type === 'mousedown') this.mask |= bit;
    if (event.type === 'mouseup') this.mask &= ~bit;
    this.rfb.move(event.movementX, event.movementY, this.mask);
  }

  capture() {
    this.canvas?.requestPointerLock();
    this.focus();
  }

  // Presses keys by a name such as Ctrl+Alt+Delete.
  press(name) {
    const keys = name.split('+').filter(Boolean).map((key) => NAMES[key] || [`XK_${key}`, key]);
    for (const [symbol, code] of keys) this.rfb.sendKey(KeyTable[symbol], code, true);
    for (const [symbol, code] of keys.reverse()) this.rfb.sendKey(KeyTable[symbol], code, false);
  }

  // Types a text on a keyboard of that layout; says how many characters are left. Gives how many could not be typed.
  async type(text, layout, left) {
    const before = this.rfb.untyped;
    this.rfb.layout = LAYOUTS.indexOf(layout);
    this.rfb._sendEncodings();
    const characters = [...text.replace(/\r\n?/g, '\n')];
    while (characters.length && this.rfb) {
      const character = characters.shift();
      this.rfb.sendKey(character === '\n' ? KeyTable.XK_Return : character === '\t' ? KeyTable.XK_Tab : keysyms.lookup(character.codePointAt(0)), null);
      left(characters.length);
      await new Promise((resolve) => setTimeout(resolve, TYPE_MS));
    }
    await new Promise((resolve) => setTimeout(resolve, 500)); // the last of them is heard of
    return this.rfb ? this.rfb.untyped - before : 0;
  }

  picture(then) {
    this.rfb.toBlob(then, 'image/png');
  }

  // What does not fit is scrolled, by the keyboard too: its area can be reached by Tab.
  scale(on) {
    this.rfb.scaleViewport = on;
    this.canvas.parentElement.tabIndex = on ? -1 : 0;
  }

  focus() {
    this.rfb?.focus();
  }

  close() {
    document.removeEventListener('pointerlockchange', this.lockChanged);
    if (document.pointerLockElement === this.canvas) document.exitPointerLock();
    const rfb = this.rfb;
    this.rfb = null;
    rfb?.disconnect();
  }
}
