// Now: the faults that are on, with their hits as they count, and who calls whom.
import { call } from './api.js';
import { act, h, problem, svg, when } from './dom.js';
import { field, kinds, valueOf } from './fault.js';

const faults = new Map(); // id -> the fault, as the list has it
const cards = new Map(); // id -> its parts on the page
let list = null, empty = null;

export async function refresh() {
	const rows = await call('GET', '/v1/faults');
	faults.clear();
	rows.forEach((f) => faults.set(f.id, f));
	draw();
}

export async function take(name, data) {
	if (name === 'reset')
		return refresh();
	if (name === 'fault-on' || name === 'fault-changed')
		faults.set(data.id, data);
	else if (name === 'fault-hits' && faults.has(data.id))
		Object.assign(faults.get(data.id), data);
	else if (name === 'fault-off')
		faults.delete(data.id);
	draw();
}

function state(f) {
	if (f.open)
		return `not undone: ${f.open.message}`;
	if (!f.owner_alive)
		return 'its owner is dead: faultline recover';
	return f.active ? 'active' : 'armed';
}

function owner(f) {
	return f.owner ? `${f.owner.user}${f.owner.tty ? ` (${f.owner.tty})` : ''}` : 'somebody';
}

// The live parameters of its kind, each change sent when it is made, one at a time.
async function liveForm(f, out) {
	const kind = (await kinds()).find((k) => k.name === f.kind);
	const live = kind ? kind.params.filter((p) => p.live) : [];
	if (!live.length)
		return h('p', { class: 'dim' }, 'Nothing of this kind can be changed while it is on.');
	let busy = Promise.resolve();
	return h('div', { class: 'grid' }, live.map((p) => field(p, `live-${f.id}-`, f.params[p.name], (input) => {
		busy = busy.then(() => call('PATCH', `/v1/faults/${f.id}`, { params: { [p.name]: valueOf(input) } }))
			.then(() => out.replaceChildren(h('span', { class: 'yes' }, `${p.name} changed`)), (e) => out.replaceChildren(problem(e)));
	})));
}

function card(f) {
	const count = h('span', { class: 'count' }), word = h('span'), params = h('p', { class: 'dim' });
	const out = h('div', { role: 'status' }), form = h('div', { hidden: true });
	const off = h('button', { type: 'button', class: 'off', 'aria-label': `Off: ${f.kind} on ${f.targets.join(', ')}`,
		onclick: () => act(off, out, () => call('DELETE', `/v1/faults/${f.id}`)) }, 'Off');
	const change = h('button', { type: 'button', 'aria-expanded': 'false', onclick: async () => {
		form.hidden = !form.hidden;
		change.setAttribute('aria-expanded', String(!form.hidden));
		if (!form.hidden)
			form.replaceChildren(await liveForm(faults.get(f.id) || f, out));
	} }, 'Change');
	const box = h('section', { class: 'card', 'aria-label': `${f.kind} on ${f.targets.join(', ')}` },
		h('div', { class: 'row' }, h('h3', {}, `${f.kind} on ${f.targets.join(', ')}`), h('span', {}, count, ' hits')),
		h('div', {}, word, ' · ', f.id, ' · by ', owner(f), ' since ', when(f.since_wall)), params,
		h('div', { class: 'row' }, h('span', {}, change, ' ', off)), out, form);
	return { box, count, word, params };
}

function draw() {
	if (!list)
		return;
	for (const [id, c] of cards) {
		if (!faults.has(id)) {
			c.box.remove();
			cards.delete(id);
		}
	}
	for (const [id, f] of faults) {
		if (!cards.has(id)) {
			cards.set(id, card(f));
			list.append(cards.get(id).box);
		}
		const c = cards.get(id);
		c.count.textContent = f.injected.toLocaleString();
		c.word.textContent = state(f);
		c.params.textContent = Object.entries(f.params).map(([k, v]) => `${k} ${v}`).join(', ');
	}
	empty.hidden = faults.size > 0;
}

// Services on a circle, an arc for each edge; those that a fault is on are red.
function picture(g) {
	const names = [...new Set([...g.services, ...g.edges.flatMap((e) => [e.client, e.server])].map(String))];
	const hit = new Set([...faults.values()].flatMap((f) => f.targets));
	const at = new Map(names.map((n, i) => [n, [200 + 140 * Math.cos((2 * Math.PI * i) / names.length), 190 + 140 * Math.sin((2 * Math.PI * i) / names.length)]]));
	const root = svg('svg', { class: 'graph', viewBox: '0 0 400 380', role: 'img', 'aria-label': 'Who calls whom; the table below says the same' });
	for (const e of g.edges) {
		const [x, y] = at.get(e.client), [u, v] = at.get(e.server);
		root.append(svg('path', { d: `M${x} ${y} Q${(x + u + 400) / 4} ${(y + v + 380) / 4} ${u} ${v}` }));
	}
	for (const [n, [x, y]] of at) {
		const label = svg('text', { x, y: y + 28 });
		label.textContent = n.length > 24 ? `${n.slice(0, 23)}…` : n;
		root.append(svg('g', hit.has(n) ? { class: 'hit' } : {}, svg('circle', { cx: x, cy: y, r: 14 }), label));
	}
	return root;
}

function edges(g) {
	const number = (n, unit) => (n === null ? '–' : `${n.toFixed(1)}${unit}`);
	return h('div', { class: 'scroll' }, h('table', {},
		h('thead', {}, h('tr', {}, ['calls', 'requests a second', 'errors', 'p95'].map((t) => h('th', { scope: 'col' }, t)))),
		h('tbody', {}, g.edges.map((e) => h('tr', {}, h('td', {}, `${e.client} → ${e.server}`), h('td', {}, number(e.rate, '')),
			h('td', {}, String(e.errors)), h('td', {}, number(e.p95_ms, ' ms')))))));
}

export async function page(me) {
	cards.clear();
	list = h('div');
	empty = h('p', { class: 'dim' }, 'No fault is on.');
	const out = h('div');
	const look = h('button', { type: 'button', onclick: () => act(look, out, async () => {
		const g = await call('GET', '/v1/graph');
		out.replaceChildren(picture(g), edges(g));
	}) }, 'Watch for 3 seconds');
	await refresh();
	draw();
	return [h('h2', {}, 'Faults'), empty, list, h('h2', {}, 'Who calls whom'),
		me.role === 'look' ? h('p', { class: 'dim' }, 'Watching the traffic is for those who may operate.') : look, out];
}
