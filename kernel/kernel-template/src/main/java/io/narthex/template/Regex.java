package io.narthex.template;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Unanchored RE2 expressions of templates, with a small cache. */
final class Regex {
  private static final int CACHE_SIZE = 256;

  private static final Map<String, Pattern> CACHE =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Pattern> eldest) {
          return size() > CACHE_SIZE;
        }
      };

  private Regex() {}

  private static Pattern compile(String pattern) {
    synchronized (CACHE) {
      Pattern known = CACHE.get(pattern);
      if (known != null) {
        return known;
      }
    }
    Pattern compiled;
    try {
      compiled = Pattern.compile(pattern);
    } catch (PatternSyntaxException e) {
      throw new GoTemplateException("error parsing regexp: " + e.getMessage(), e);
    }
    synchronized (CACHE) {
      CACHE.put(pattern, compiled);
    }
    return compiled;
  }

  /** Tells whether the text holds a match. */
  static boolean find(String pattern, String text) {
    return compile(pattern).matcher(text).find();
  }

  /** Replaces all matches; {@code $1}, <code>${name}</code> and {@code $$} as Go reads them. */
  static String replaceAll(String pattern, String replacement, String text) {
    Matcher m = compile(pattern).matcher(text);
    StringBuilder b = new StringBuilder();
    int from = 0;
    while (m.find()) {
      b.append(text, from, m.start());
      expand(b, replacement, m);
      from = m.end();
      if (b.length() > GoFormat.MAX_TEXT) {
        throw new GoTemplateException("value is longer than " + GoFormat.MAX_TEXT + " characters");
      }
    }
    return b.append(text, from, text.length()).toString();
  }

  private static void expand(StringBuilder b, String template, Matcher m) {
    int i = 0;
    while (i < template.length()) {
      char c = template.charAt(i);
      if (c != '$' || i + 1 >= template.length()) {
        b.append(c);
        i++;
        continue;
      }
      if (template.charAt(i + 1) == '$') {
        b.append('$');
        i += 2;
        continue;
      }
      boolean braces = template.charAt(i + 1) == '{';
      int start = braces ? i + 2 : i + 1;
      int end = start;
      while (end < template.length()
          && (Character.isLetterOrDigit(template.charAt(end)) || template.charAt(end) == '_')) {
        end++;
      }
      if (end == start || (braces && (end >= template.length() || template.charAt(end) != '}'))) {
        b.append('$');
        i++;
        continue;
      }
      b.append(group(m, template.substring(start, end)));
      i = braces ? end + 1 : end;
    }
  }

  private static String group(Matcher m, String name) {
    try {
      String value;
      if (name.chars().allMatch(ch -> ch >= '0' && ch <= '9')) {
        int n = Integer.parseInt(name);
        value = n > m.groupCount() ? "" : m.group(n);
      } else {
        value = m.group(name);
      }
      return value == null ? "" : value;
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
