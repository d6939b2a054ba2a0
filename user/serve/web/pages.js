// Runs, Doctor, Audit.
import { call } from './api.js';
import { act, h, table, when } from './dom.js';

export async function runs() {
	const out = h('div', { role: 'status' }), all = await call('GET', '/v1/runs');
	const show = (button, name) => act(button, out, async () => {
		const text = await call('GET', `/v1/runs/${encodeURIComponent(name)}/report`);
		out.replaceChildren(h('h3', {}, name), h('pre', { tabindex: 0, 'aria-label': `Report of ${name}` }, text));
		out.scrollIntoView();
	});
	const rows = all.map((r) => {
		const button = h('button', { type: 'button', onclick: () => show(button, r.name), disabled: !r.report }, 'Report');
		return h('tr', {}, h('th', { scope: 'row' }, r.name), h('td', {}, when(r.time)), h('td', {}, r.verdict ? r.verdict.why : '–'), h('td', {}, button));
	});
	return [h('h2', {}, 'Runs'), all.length ? table(['folder', 'started', 'verdict', ''], rows) : h('p', { class: 'dim' }, 'No run has left results in the folder of this server (serve --runs).'), out];
}

export async function doctor() {
	const d = await call('GET', '/v1/doctor');
	const word = (yes) => h('td', { class: yes ? 'yes' : 'no' }, yes ? 'yes' : 'no');
	return [h('h2', {}, 'Doctor'), h('p', {}, `Linux ${d.kernel.release}, ${d.kernel.machine}`),
		table(['kind', 'here', 'by', 'reason'], d.faults.map((f) => h('tr', {}, h('th', { scope: 'row' }, f.name), word(f.supported), h('td', {}, f.backend || ''), h('td', {}, f.reason || '')))),
		h('h2', {}, 'This host'),
		table(['feature', 'here', 'why', 'what to do'], Object.entries(d.features).map(([name, f]) => h('tr', {}, h('th', { scope: 'row' }, name), word(f.supported), h('td', {}, f.reason || ''), h('td', {}, f.todo || ''))))];
}

export async function audit() {
	const all = await call('GET', '/v1/audit');
	return [h('h2', {}, 'Audit'), h('p', { class: 'dim' }, 'What was asked of this server that changes something, newest first.'),
		table(['time', 'who', 'from', 'what', 'status', 'result'], all.map((a) => h('tr', {}, h('td', {}, when(a.time)), h('td', {}, a.who || 'nobody known'),
			h('td', {}, a.from), h('td', {}, `${a.method} ${a.path} ${a.asked ? JSON.stringify(a.asked) : ''}`), h('td', {}, String(a.status)), h('td', {}, a.result))))];
}
