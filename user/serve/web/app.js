// The frame: token, pages by the address's #, the line to the server, and the red button.
import { call, listen, token, whenDenied } from './api.js';
import { act, h, problem } from './dom.js';
import * as now from './now.js';
import * as fault from './fault.js';
import * as pages from './pages.js';

const $ = (id) => document.getElementById(id);
const places = {
	now: ['Now', now.page],
	new: ['New fault', fault.page],
	runs: ['Runs', pages.runs],
	doctor: ['Doctor', pages.doctor],
	audit: ['Audit', pages.audit],
};
let me = null, hangUp = null, shown = 0;

function banner(halt) {
	const b = $('banner');
	b.hidden = !halt.refused;
	b.textContent = '';
	if (!halt.refused)
		return;
	b.append(halt.refused, ' ');
	if (halt.halted && me.role === 'administer') {
		const allow = h('button', { type: 'button', onclick: () => act(allow, h('span'), async () => {
			await call('POST', '/v1/allow', {});
			banner(await call('GET', '/v1/halt'));
		}) }, 'Allow faults again');
		b.append(allow);
	}
}

async function show() {
	const name = location.hash.slice(1) in places ? location.hash.slice(1) : 'now', mine = ++shown;
	for (const a of $('nav').children) {
		if (a.hash === `#${name}`)
			a.setAttribute('aria-current', 'page');
		else
			a.removeAttribute('aria-current');
	}
	document.title = `${places[name][0]} · faultline`;
	$('page').replaceChildren(h('p', { class: 'dim' }, 'One moment …'));
	let parts;
	try {
		parts = await places[name][1](me);
	} catch (e) {
		parts = [problem(e)];
	}
	if (mine === shown && me) /* nobody went elsewhere meanwhile */
		$('page').replaceChildren(...parts);
}

function ask(why) {
	if (hangUp)
		hangUp();
	hangUp = me = null;
	for (const id of ['nav', 'stop', 'leave', 'banner'])
		$(id).hidden = true;
	$('who').textContent = $('line').textContent = '';
	$('said').replaceChildren();
	const out = h('div', {}, why ? problem(why) : null), input = h('input', { id: 'token', type: 'password', required: true, autocomplete: 'off', spellcheck: 'false' });
	const go = h('button', { type: 'submit', class: 'main' }, 'Enter');
	$('page').replaceChildren(h('h2', {}, 'Who are you?'), h('form', { onsubmit: (e) => {
		e.preventDefault();
		token.set(input.value.trim());
		act(go, out, enter);
	} }, h('div', { class: 'field' }, h('label', { for: 'token' }, 'Token'), input, h('div', { class: 'help' }, 'faultline serve token add NAME --role look|operate|administer prints one. It is kept in this tab only.')), go), out);
	input.focus();
}

async function enter() {
	me = await call('GET', '/v1/me');
	$('who').textContent = `${me.who}, may ${me.role} · faultline ${me.version}`;
	$('nav').hidden = $('leave').hidden = false;
	$('stop').hidden = me.role === 'look';
	$('nav').replaceChildren(...Object.entries(places).filter(([n]) => n !== 'audit' || me.role !== 'look').map(([n, [title]]) => h('a', { href: `#${n}` }, title)));
	banner(await call('GET', '/v1/halt'));
	hangUp = listen({
		state: (up) => {
			$('line').textContent = up ? '· connected' : '· the line is down: what is shown may be old';
			if (up)
				now.refresh().catch(() => {});
		},
		event: (name, data) => (name === 'halt' ? banner(data) : now.take(name, data).catch(() => {})),
	});
	await show();
}

$('stop').addEventListener('click', () => {
	const out = $('said');
	act($('stop'), out, async () => {
		const r = await call('POST', '/v1/halt', { reason: 'Stop everything, in the dashboard' });
		out.replaceChildren(h('p', { class: 'yes' }, `${r.ended.length} ended. New faults are refused until they are allowed again.`));
		banner(await call('GET', '/v1/halt'));
	});
});
$('leave').addEventListener('click', () => {
	token.forget();
	ask();
});
window.addEventListener('hashchange', () => {
	$('said').replaceChildren();
	if (me)
		show();
});
whenDenied(() => {
	if (me) {
		token.forget();
		ask({ message: 'This token is not taken any more.', hint: 'It has expired or was removed.' });
	}
});
/* A token may come behind the # of a link: it is not sent to any server, and goes from the address at once. */
if (location.hash.startsWith('#token=')) {
	token.set(decodeURIComponent(location.hash.slice(7)));
	history.replaceState(null, '', '#now');
}
if (token.get())
	enter().catch((e) => ask(e));
else
	ask();
