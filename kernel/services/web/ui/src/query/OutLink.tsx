import { useEffect, useState } from 'preact/hooks';
import { expandLink, type LinkAt } from '../lib/links';
import { own } from '../lib/own';

export interface Link {
  readonly title: string;
  /** A template. */
  readonly url: string;
}

interface Links {
  readonly logs: Link | null;
  readonly trace: Link | null;
}

const NONE: Links = { logs: null, trace: null };

let asked: Promise<Links> | null = null;

function ask(): Promise<Links> {
  asked ??= own<{ links?: Partial<Links> }>('ui', {}).then(
    (a) => ({ logs: linkOf(a.links?.logs), trace: linkOf(a.links?.trace) }),
    () => {
      asked = null;
      return NONE;
    },
  );
  return asked;
}

function linkOf(value: unknown): Link | null {
  const l = value as Partial<Link> | null | undefined;
  return typeof l?.title === 'string' && typeof l.url === 'string' ? { title: l.title, url: l.url } : null;
}

/** The templates of the configuration, read once; none while they are read, or if the server has none. */
export function useLinks(): Links {
  const [links, setLinks] = useState(NONE);
  useEffect(() => {
    let here = true;
    void ask().then((l) => here && setLinks(l));
    return () => {
      here = false;
    };
  }, []);
  return links;
}

/** A link to another tool, in a tab of its own; nothing if the template gives no address that may be opened. */
export function OutLink({ link, at }: { link: Link; at: LinkAt }) {
  const href = expandLink(link.url, at);
  if (href === null) return null;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer" data-testid="out-link">
      {link.title}
    </a>
  );
}
