package io.narthex.template;

import io.narthex.template.Node.Block;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A set of parsed templates that can call each other by name. Immutable and safe to share. */
final class GoTemplate {
  /**
   * One parsed body.
   *
   * @param file name of the text it stands in
   * @param source that text
   */
  record Body(Block block, String file, String source) {}

  /** What a value that is not there prints as. */
  static final String NO_VALUE = "<no value>";

  /** A set without templates. */
  static final GoTemplate EMPTY = new GoTemplate(Map.of());

  private final Map<String, Body> bodies;

  private GoTemplate(Map<String, Body> bodies) {
    this.bodies = Map.copyOf(bodies);
  }

  /**
   * Returns the templates of a text.
   *
   * @param functions names that may be called
   * @throws GoTemplateException when it cannot be parsed
   */
  static GoTemplate parse(String name, String text, Set<String> functions) {
    Map<String, Body> bodies = new HashMap<>();
    TemplateParser.parse(name, text, functions)
        .forEach((n, block) -> bodies.put(n, new Body(block, name, text)));
    return new GoTemplate(bodies);
  }

  /** Returns this set with another one; definitions there win unless they are empty. */
  GoTemplate with(GoTemplate other) {
    Map<String, Body> all = new HashMap<>(bodies);
    other.bodies.forEach((n, body) -> {
      if (!all.containsKey(n) || !TemplateParser.isEmpty(body.block())) {
        all.put(n, body);
      }
    });
    return new GoTemplate(all);
  }

  /**
   * Returns this set with the templates of a text; definitions there win unless they are empty.
   *
   * @param functions names that may be called
   * @throws GoTemplateException when the text cannot be parsed
   */
  GoTemplate with(String name, String text, Set<String> functions) {
    return with(parse(name, text, functions));
  }

  @Nullable Body body(String name) {
    return bodies.get(name);
  }

  /**
   * Runs a template.
   *
   * @param functions all functions by name, the built-in ones excepted
   * @throws GoTemplateException when it fails or exceeds its limits
   */
  String execute(
      String name, @Nullable Object data, Map<String, GoFunction> functions, boolean html) {
    return new Run(this, functions, html ? new HtmlWriter() : new TextWriter()).run(name, data);
  }

  /** Takes the output of a run. */
  interface Writer {
    /** Takes text of the template itself. */
    void literal(String text);

    /**
     * Takes the value of an action.
     *
     * @param last the escaper that the action ends with, not applied yet, when this writer {@link
     *     #places} it; null otherwise
     */
    void value(@Nullable Object value, @Nullable Escaper last);

    /** Returns whether the writer escapes by itself and so judges the escapers of a template. */
    boolean escapes();

    /**
     * Returns whether an escaper that the next action ends with stands for the writer's own, which
     * then applies it where that one has its place.
     *
     * @throws GoTemplateException when it is not allowed there
     */
    boolean places(Escaper last);

    /** Returns the number of chars so far. */
    int length();

    String result();
  }

  /** Output as it is. */
  static final class TextWriter implements Writer {
    private final StringBuilder out = new StringBuilder();

    @Override
    public void literal(String text) {
      out.append(text);
    }

    @Override
    public void value(@Nullable Object value, @Nullable Escaper last) {
      out.append(value == null ? NO_VALUE : GoFormat.value(value));
    }

    @Override
    public boolean escapes() {
      return false;
    }

    @Override
    public boolean places(Escaper last) {
      return false;
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
}
