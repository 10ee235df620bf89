package io.narthex.template;

import java.time.Duration;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Escapes every value by its context in the page: text, attribute, URL, script, style. Tracks the
 * context while HTML is written, where Go's html/template analyses the template beforehand; for
 * templates that Go accepts the result is the same. HTML comments are left out.
 */
final class HtmlWriter implements GoTemplate.Writer {
  private static final Set<String> URL_ATTRIBUTES =
      Set.of(
          "action",
          "archive",
          "background",
          "cite",
          "classid",
          "codebase",
          "data",
          "formaction",
          "href",
          "icon",
          "longdesc",
          "manifest",
          "poster",
          "profile",
          "src",
          "usemap",
          "xmlns");
  private static final Set<String> RAW_ELEMENTS = Set.of("script", "style", "textarea", "title");

  private enum State {
    TEXT,
    TAG_NAME,
    TAG,
    ATTRIBUTE_NAME,
    AFTER_NAME,
    BEFORE_VALUE,
    VALUE,
    RAW
  }

  private enum Kind {
    NORMAL,
    URL,
    SCRIPT,
    STYLE
  }

  private final StringBuilder out = new StringBuilder();
  private final StringBuilder word = new StringBuilder();
  private State state = State.TEXT;
  private String element = "";
  private boolean closing;
  private Kind kind = Kind.NORMAL;
  private char quote;
  private final UrlPosition url = new UrlPosition();
  private final StylePosition style = new StylePosition();
  // position inside script text: 0 code, ' " ` inside a literal, / line comment, * block comment
  private char script;
  private char lastScriptChar;
  private boolean inComment;

  @Override
  public void literal(String text) {
    int i = 0;
    while (i < text.length()) {
      if (inComment) {
        int end = text.indexOf("-->", i);
        if (end < 0) {
          return;
        }
        inComment = false;
        i = end + 3;
        continue;
      }
      if (state == State.TEXT && text.startsWith("<!--", i)) {
        inComment = true;
        i += 4;
        continue;
      }
      if (state == State.RAW && closesRaw(text, i)) {
        state = State.TAG_NAME;
        closing = true;
        word.setLength(0);
        out.append("</");
        i += 2;
        continue;
      }
      char c = text.charAt(i++);
      out.append(c);
      advance(c);
    }
  }

  private boolean closesRaw(String text, int i) {
    return text.startsWith("</", i)
        && text.regionMatches(true, i + 2, element, 0, element.length());
  }

  private void advance(char c) {
    switch (state) {
      case TEXT -> {
        if (c == '<') {
          state = State.TAG_NAME;
          closing = false;
          word.setLength(0);
        }
      }
      case TAG_NAME -> tagName(c);
      case TAG -> {
        if (c == '>') {
          endTag();
        } else if (!Escapes.isSpace(c) && c != '/') {
          state = State.ATTRIBUTE_NAME;
          word.setLength(0);
          word.append(c);
        }
      }
      case ATTRIBUTE_NAME, AFTER_NAME -> attributeName(c);
      case BEFORE_VALUE -> {
        if (c == '"' || c == '\'') {
          startValue(c);
        } else if (c == '>') {
          endTag();
        } else if (!Escapes.isSpace(c)) {
          startValue(' ');
          advance(c);
        }
      }
      case VALUE -> {
        boolean ends = quote == ' ' ? Escapes.isSpace(c) || c == '>' : c == quote;
        if (ends) {
          if (quote == ' ' && c == '>') {
            endTag();
          } else {
            state = State.TAG;
          }
        } else {
          switch (kind) {
            case NORMAL -> {}
            case URL -> url.literal(c);
            case SCRIPT -> scriptChar(c);
            case STYLE -> style.literal(c);
          }
        }
      }
      case RAW -> {
        if (element.equals("script")) {
          scriptChar(c);
        } else if (element.equals("style")) {
          style.literal(c);
        }
      }
    }
  }

  private void tagName(char c) {
    if (Character.isLetterOrDigit(c) || c == '-' || c == ':' || c == '!') {
      word.append(c);
    } else if (c == '/' && word.isEmpty()) {
      closing = true;
    } else if (word.isEmpty()) {
      state = State.TEXT;
    } else {
      element = word.toString().toLowerCase(Locale.ROOT);
      if (c == '>') {
        endTag();
      } else {
        state = State.TAG;
      }
    }
  }

  private void attributeName(char c) {
    if (c == '=') {
      state = State.BEFORE_VALUE;
    } else if (c == '>') {
      endTag();
    } else if (Escapes.isSpace(c)) {
      state = State.AFTER_NAME;
    } else {
      if (state == State.AFTER_NAME || c == '/') {
        word.setLength(0);
        state = c == '/' ? State.TAG : State.ATTRIBUTE_NAME;
      }
      word.append(c);
    }
  }

  private void startValue(char delimiter) {
    quote = delimiter;
    state = State.VALUE;
    url.start();
    style.start();
    script = 0;
    lastScriptChar = 0;
    kind = kindOf(word.toString().toLowerCase(Locale.ROOT));
  }

  private static Kind kindOf(String attribute) {
    String name = attribute.startsWith("data-") ? attribute.substring(5) : attribute;
    int colon = name.indexOf(':');
    if (colon >= 0) {
      if (name.startsWith("xmlns")) {
        return Kind.URL;
      }
      name = name.substring(colon + 1);
    }
    if (name.startsWith("on")) {
      return Kind.SCRIPT;
    }
    if (name.equals("style")) {
      return Kind.STYLE;
    }
    boolean url =
        URL_ATTRIBUTES.contains(name)
            || name.contains("src")
            || name.contains("uri")
            || name.contains("url");
    return url ? Kind.URL : Kind.NORMAL;
  }

  private void endTag() {
    if (!closing && RAW_ELEMENTS.contains(element)) {
      state = State.RAW;
      style.start();
      script = 0;
      lastScriptChar = 0;
    } else {
      state = State.TEXT;
    }
  }

  private void scriptChar(char c) {
    char previous = lastScriptChar;
    lastScriptChar = c;
    switch (script) {
      case 0 -> {
        if (c == '"' || c == '\'' || c == '`') {
          script = c;
        } else if (previous == '/' && (c == '/' || c == '*')) {
          script = c;
        }
      }
      case '/' -> {
        if (c == '\n') {
          script = 0;
        }
      }
      case '*' -> {
        if (previous == '*' && c == '/') {
          script = 0;
          lastScriptChar = 0;
        }
      }
      default -> {
        if (previous == '\\') {
          lastScriptChar = 0;
        } else if (c == script) {
          script = 0;
        }
      }
    }
  }

  @Override
  public boolean escapes() {
    return true;
  }

  @Override
  public boolean places(Escaper last) {
    if (inComment) {
      return false;
    }
    beginPart();
    return switch (last) {
      case URL_QUERY -> inUrl();
      case HTML -> {
        if (state == State.VALUE && kind == Kind.NORMAL && quote == ' ') {
          throw new GoTemplateException(last.disallowed());
        }
        yield state == State.TEXT
            || state == State.RAW && !isCode()
            || state == State.VALUE && quote != ' ';
      }
    };
  }

  /** Enters the part of the page that a value begins when it stands here. */
  private void beginPart() {
    if (state == State.BEFORE_VALUE) {
      startValue(' ');
    } else if (state == State.TAG) {
      state = State.ATTRIBUTE_NAME;
      word.setLength(0);
    }
  }

  /** Returns whether the text of the current element is a script or style. */
  private boolean isCode() {
    return element.equals("script") || element.equals("style");
  }

  private boolean inUrl() {
    return state == State.VALUE && kind == Kind.URL || inStyle() && style.inUrl();
  }

  private boolean inStyle() {
    return state == State.VALUE && kind == Kind.STYLE
        || state == State.RAW && element.equals("style");
  }

  @Override
  public void value(@Nullable Object value, @Nullable Escaper last) {
    if (inComment) {
      return;
    }
    beginPart();
    String none = last == null ? "" : GoTemplate.NO_VALUE;
    String text = value == null ? none : GoFormat.value(value);
    boolean safeHtml = value instanceof SafeText s && s.kind() == SafeText.Kind.HTML;
    if (last == Escaper.HTML && (state == State.TEXT || state == State.RAW)) {
      out.append(last.apply(text));
      return;
    }
    String plain = safeHtml && last != Escaper.HTML ? stripTags(text) : text;
    switch (state) {
      case TEXT -> out.append(safeHtml ? text : Escapes.htmlText(text));
      case RAW -> {
        if (element.equals("script")) {
          out.append(inScript(value, text));
        } else if (element.equals("style")) {
          out.append(style.value(value, text, last));
        } else {
          out.append(Escapes.htmlText(plain));
        }
      }
      case VALUE, BEFORE_VALUE -> out.append(attribute(value, plain, last));
      case TAG, TAG_NAME, ATTRIBUTE_NAME, AFTER_NAME -> out.append(attributeNameOf(text));
    }
  }

  private String attribute(@Nullable Object value, String text, @Nullable Escaper last) {
    String inner =
        switch (kind) {
          case NORMAL -> text;
          case URL -> url.escape(value, text, last);
          case SCRIPT -> inScript(value, text);
          case STYLE -> style.value(value, text, last);
        };
    if (last == Escaper.HTML) {
      return last.apply(inner);
    }
    return quote == ' ' ? Escapes.htmlUnquoted(inner) : Escapes.htmlText(inner);
  }

  private String inScript(@Nullable Object value, String text) {
    return switch (script) {
      case 0 -> value == null ? " null " : scriptValue(value);
      case '/', '*' -> "";
      default -> Escapes.jsString(text);
    };
  }

  private static String scriptValue(Object value) {
    boolean named = value instanceof Duration || value instanceof GoObject o && o.isStringer();
    String json = GoJson.write(named ? GoFormat.value(value) : value, true);
    char first = json.isEmpty() ? 0 : json.charAt(0);
    return Character.isLetterOrDigit(first) || first == '-' ? " " + json + " " : json;
  }

  private static String attributeNameOf(String text) {
    boolean plain = text.chars().allMatch(c -> Character.isLetterOrDigit(c) || c == '-');
    return plain && !text.isEmpty() && kindOf(text.toLowerCase(Locale.ROOT)) == Kind.NORMAL
        ? text
        : Escapes.REFUSED;
  }

  private static String stripTags(String html) {
    StringBuilder b = new StringBuilder();
    boolean inTag = false;
    for (int i = 0; i < html.length(); i++) {
      char c = html.charAt(i);
      if (c == '<') {
        inTag = true;
      } else if (c == '>' && inTag) {
        inTag = false;
      } else if (!inTag) {
        b.append(c);
      }
    }
    return b.toString();
  }

  @Override
  public int length() {
    return out.length();
  }

  @Override
  public String result() {
    return out.toString();
  }
}
