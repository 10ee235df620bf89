/** Text panels: a part of Markdown as elements. Tags of HTML are left out, their text stays. */
import type { ComponentChildren } from 'preact';
import type { Board } from '../board';
import { interpolate, safeUrl } from '../interpolate';
import type { Panel } from '../model';
import { word } from '../board';

const MOST = 50_000;

export function Text({ panel, board }: { panel: Panel; board: Board }) {
  const scope = { ...board.scope, scoped: { ...board.scope.scoped, ...panel.scoped } };
  const mode = word(panel.options['mode'], 'markdown');
  const text = interpolate(word(panel.options['content']).slice(0, MOST), scope, 'text');
  if (mode === 'code')
    return (
      <pre class="dtext wrap" tabIndex={0}>
        {text}
      </pre>
    );
  return <Body text={text} />;
}

function Body({ text }: { text: string }) {
  return (
    <div class="dtext" tabIndex={0} role="group" aria-label="Text">
      {blocks(withoutTags(text.slice(0, MOST)))}
    </div>
  );
}
Text.Body = Body;

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', nbsp: ' ', apos: "'" };

/** Text without tags, comments, scripts and styles; links keep their address in Markdown's form. */
export function withoutTags(text: string): string {
  return text
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/<(script|style)\b[\s\S]*?<\/\1\s*>/gi, '')
    .replace(
      /<a\b[^>]*?\bhref\s*=\s*["']([^"']*)["'][^>]*>([^<]*)<\/a\s*>/gi,
      (_, href: string, t: string) => `[${t}](${href})`,
    )
    .replace(/<br\s*\/?>|<\/(p|div|h[1-6]|tr)\s*>/gi, '\n')
    .replace(/<li\b[^>]*>/gi, '\n- ')
    .replace(/<h([1-6])\b[^>]*>/gi, (_, n: string) => `\n${'#'.repeat(Number(n))} `)
    .replace(/<\/?[a-z][^<>]*>/gi, '')
    .replace(/&(lt|gt|amp|quot|nbsp|apos);/g, (_, name: string) => ENTITIES[name] ?? '');
}

function blocks(text: string): ComponentChildren[] {
  const lines = text.replaceAll('\r', '').split('\n');
  const out: ComponentChildren[] = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i] as string;
    if (line.trim() === '') {
      i++;
      continue;
    }
    if (/^\s*```/.test(line)) {
      const code: string[] = [];
      for (i++; i < lines.length && !/^\s*```/.test(lines[i] as string); i++) code.push(lines[i] as string);
      i++;
      out.push(<pre class="wrap">{code.join('\n')}</pre>);
      continue;
    }
    const head = /^(#{1,6})\s+(.*?)\s*#*$/.exec(line);
    if (head) {
      const level = (head[1] as string).length;
      const inner = inline(head[2] as string);
      out.push(
        level === 1 ? <h4 class="h1">{inner}</h4> : level === 2 ? <h4 class="h2">{inner}</h4> : <h5>{inner}</h5>,
      );
      i++;
      continue;
    }
    if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) {
      out.push(<hr />);
      i++;
      continue;
    }
    if (/^\s*([-*+]|\d+[.)])\s+/.test(line)) {
      const ordered = /^\s*\d/.test(line);
      const items: ComponentChildren[] = [];
      while (i < lines.length && /^\s*([-*+]|\d+[.)])\s+/.test(lines[i] as string)) {
        const text_ = (lines[i] as string).replace(/^\s*([-*+]|\d+[.)])\s+/, '');
        const deep = Math.min(4, Math.floor(((/^\s*/.exec(lines[i] as string) as RegExpExecArray)[0].length ?? 0) / 2));
        items.push(<li style={{ marginLeft: `${deep * 16}px` }}>{inline(text_)}</li>);
        i++;
      }
      out.push(ordered ? <ol>{items}</ol> : <ul>{items}</ul>);
      continue;
    }
    if (line.includes('|') && /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/.test(lines[i + 1] ?? '')) {
      const cells = (l: string) =>
        l
          .trim()
          .replace(/^\||\|$/g, '')
          .split('|')
          .map((c) => c.trim());
      const titles = cells(line);
      const rows: string[][] = [];
      for (i += 2; i < lines.length && (lines[i] as string).includes('|'); i++) rows.push(cells(lines[i] as string));
      out.push(
        <table>
          <thead>
            <tr>
              {titles.map((t, k) => (
                <th key={k}>{inline(t)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((r, k) => (
              <tr key={k}>
                {titles.map((_, c) => (
                  <td key={c}>{inline(r[c] ?? '')}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>,
      );
      continue;
    }
    const para: string[] = [];
    while (
      i < lines.length &&
      (lines[i] as string).trim() !== '' &&
      !/^(#{1,6}\s|\s*```|\s*([-*+]|\d+[.)])\s+)/.test(lines[i] as string)
    ) {
      para.push((lines[i] as string).replace(/^\s*>\s?/, ''));
      i++;
    }
    if (para.length === 0) para.push(lines[i++] as string);
    out.push(<p>{inline(para.join('\n'))}</p>);
  }
  return out;
}

const INLINE =
  /`([^`]+)`|!\[([^\]]*)\]\([^)]*\)|\[([^\]]+)\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)|\*\*([^*]+)\*\*|__([^_]+)__|\*([^*\s][^*]*)\*|\b_([^_]+)_\b|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/g;

function inline(text: string): ComponentChildren[] {
  const out: ComponentChildren[] = [];
  let last = 0;
  for (const m of text.matchAll(INLINE)) {
    if (m.index > last) out.push(text.slice(last, m.index));
    last = m.index + m[0].length;
    const [all, code, alt, label, url, b1, b2, i1, i2, bare] = m;
    const strong = b1 ?? b2;
    const italic = i1 ?? i2;
    if (code !== undefined) out.push(<code>{code}</code>);
    else if (alt !== undefined) out.push(alt);
    else if (label !== undefined) out.push(linked(url ?? '', inline(label), label));
    else if (strong !== undefined) out.push(<b>{inline(strong)}</b>);
    else if (italic !== undefined) out.push(<i>{inline(italic)}</i>);
    else if (bare !== undefined) out.push(linked(bare, [bare], bare));
    else out.push(all);
  }
  if (last < text.length) out.push(text.slice(last));
  return out;
}

function linked(url: string, inner: ComponentChildren[], text: string): ComponentChildren {
  const href = safeUrl(url);
  if (href === null) return text;
  const away = /^https?:/.test(href);
  return (
    <a href={href} {...(away ? { target: '_blank', rel: 'noopener noreferrer' } : {})}>
      {inner}
    </a>
  );
}
