// New fault: a kind that this host can do, a target, parameters out of the table of the kind; preview, then on.
import { call } from './api.js';
import { act, h } from './dom.js';

let known = null;
export async function kinds() {
	known = known || call('GET', '/v1/kinds');
	return known;
}

// One parameter as a labelled input. `current`: what is set; `changed`: called with the input when it is.
export function field(p, prefix, current, changed) {
	const id = prefix + p.name, help = `${id}-help`;
	const attributes = { id, name: p.name, 'aria-describedby': help, required: p.required, autocomplete: 'off' };
	const value = current ?? p.default ?? '';
	if (changed)
		attributes.onchange = (e) => changed(e.target);
	let input, after = null;
	if (p.type === 'enum' || p.type === 'boolean') {
		const words = p.type === 'enum' ? p.choices : ['no', 'yes'];
		input = h('select', attributes, [p.default === null && !current ? h('option', { value: '' }, '–') : null, words.map((w) => h('option', { value: w, selected: w === value }, w))].flat());
	} else if (p.type === 'percent' && changed) {
		input = h('input', { ...attributes, type: 'range', min: 0, max: 100, step: 1 });
		input.value = parseFloat(value) || 0;
		const shown = h('output', { for: id }, `${input.value}%`);
		input.addEventListener('input', () => { shown.textContent = `${input.value}%`; });
		after = shown;
	} else {
		input = h('input', { ...attributes, type: 'text', value: changed ? value : current ?? '', placeholder: p.default ?? '', inputmode: p.type === 'integer' ? 'numeric' : 'text' });
	}
	const range = p.min !== null && p.max !== null && p.max < 1e15 ? ` (${p.min} to ${p.max})` : '';
	return h('div', { class: 'field' }, h('label', { for: id }, p.name + (p.required ? ' *' : '')), input, after,
		h('div', { class: 'help', id: help }, `${p.help}${range}. ${p.type === 'enum' || p.type === 'boolean' ? '' : `Written: ${p.written}`}`));
}

export function valueOf(input) {
	return input.type === 'range' ? `${input.value}%` : input.value;
}

function bodyOf(form) {
	const body = { kind: form.elements.kind.value, targets: form.elements.target.value.split(/[\s,]+/).filter(Boolean), params: {} };
	for (const input of form.querySelectorAll('#params input, #params select')) {
		if (input.value !== '' && !(input.tagName === 'SELECT' && input.options[input.selectedIndex].defaultSelected))
			body.params[input.name] = valueOf(input);
	}
	if (form.elements.for.value)
		body.for = form.elements.for.value;
	return body;
}

function lines(preview) {
	const out = [];
	for (const t of preview.targets || []) {
		out.push(h('li', {}, `${t.name}: ${t.members || ''}`, h('ul', {},
			h('li', {}, `${(t.processes || []).length} processes`),
			h('li', {}, `interfaces ${(t.interfaces || []).join(', ') || 'none'}`),
			h('li', {}, `${(t.flows || []).length} connections carried something in the last 10 s`),
			t.error ? h('li', { class: 'no' }, t.error.message || String(t.error)) : null)));
	}
	return out;
}

function showPreview(p) {
	const undone = Array.isArray(p.undone_by) ? p.undone_by.join('; ') : p.undone_by;
	return h('section', { class: 'card', 'aria-label': 'Preview' }, h('h3', {}, `${p.kind} would hit`), h('ul', {}, lines(p)),
		p.share ? h('p', {}, `Share: ${p.share}`) : null, undone ? h('p', {}, `Undone by: ${undone}`) : null,
		p.refused ? h('p', { class: 'no' }, `Now: ${p.refused}`) : null,
		p.unsupported ? h('p', { class: 'no' }, `Here it cannot be done: ${p.unsupported}`) : null,
		h('p', { class: 'dim' }, 'Nothing was touched.'));
}

export async function page(me) {
	if (me.role === 'look')
		return [h('h2', {}, 'New fault'), h('p', {}, 'This token may look; faults are for those who may operate.')];
	const [all, targets] = await Promise.all([kinds(), call('GET', '/v1/targets')]);
	const params = h('div', { id: 'params', class: 'grid' }), about = h('p', { class: 'help', id: 'about' }), out = h('div', { role: 'status' });
	const options = new Map(all.map((k) => [k.name, h('option', { value: k.name }, k.name)]));
	const select = h('select', { id: 'kind', name: 'kind', 'aria-describedby': 'about', onchange: choose }, [...options.values()]);
	const preview = h('button', { type: 'button', onclick: () => form.reportValidity() && act(preview, out, async () => {
		out.replaceChildren(showPreview(await call('POST', '/v1/dry-runs', bodyOf(form))));
	}) }, 'Preview');
	const on = h('button', { type: 'submit', class: 'main' }, 'On');
	let key = crypto.randomUUID();
	const form = h('form', { onsubmit: (e) => {
		e.preventDefault();
		act(on, out, async () => {
			const f = await call('POST', '/v1/faults', bodyOf(form), { 'Idempotency-Key': key });
			key = crypto.randomUUID();
			out.replaceChildren(h('p', { class: 'yes' }, `${f.id} is active. `, h('a', { href: '#now' }, 'Watch its hits')), ...f.notes.map((n) => h('p', {}, n)));
		}).finally(() => { key = crypto.randomUUID(); });
	} },
	h('div', { class: 'field' }, h('label', { for: 'kind' }, 'Kind'), select, about),
	h('div', { class: 'field' }, h('label', { for: 'target' }, 'Target *'),
		h('input', { id: 'target', name: 'target', list: 'targets', required: true, autocomplete: 'off', 'aria-describedby': 'target-help' }),
		h('datalist', { id: 'targets' }, targets.map((t) => h('option', { value: t.spec }))),
		h('div', { class: 'help', id: 'target-help' }, 'A service, netns:NAME, docker:NAME, unit:NAME, pid:N or cgroup:PATH; several with blanks between them')),
	h('div', { class: 'field' }, h('label', { for: 'for' }, 'Ends after'), h('input', { id: 'for', name: 'for', value: '5min', 'aria-describedby': 'for-help' }),
		h('div', { class: 'help', id: 'for-help' }, 'Written: 200ms, 1.5s, 5min')),
	params, h('div', { class: 'row' }, h('span', {}, preview, ' ', on)));

	function choose() {
		const k = all.find((x) => x.name === select.value);
		about.textContent = `${k.summary}.${k.reason ? ` Not here: ${k.reason}` : ''}`;
		params.replaceChildren(...k.params.map((p) => field(p, 'p-')));
		on.disabled = Boolean(k.reason);
	}
	choose();
	// What doctor says takes a second or two: the form is there before.
	call('GET', '/v1/doctor').then((d) => {
		for (const f of d.faults.filter((x) => !x.supported)) {
			const k = all.find((x) => x.name === f.name);
			if (k) {
				k.reason = f.reason;
				options.get(f.name).textContent = `${f.name} (not here)`;
			}
		}
		choose.call(null);
	}, () => {});
	return [h('h2', {}, 'New fault'), form, out];
}
