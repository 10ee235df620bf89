package io.narthex.template;

import io.narthex.model.go.GoString;
import io.narthex.template.Node.Block;
import io.narthex.template.Node.Command;
import io.narthex.template.Node.Operand;
import io.narthex.template.Node.Pipeline;
import io.narthex.template.Node.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Parses a template with the syntax and the messages of Go's text/template. */
final class TemplateParser {
  private static final int MAX_DEPTH = 200;

  private final String name;
  private final String input;
  private final Set<String> functions;
  private final List<Token> tokens;
  private final Map<String, Block> defined = new LinkedHashMap<>();
  private final List<String> variables = new ArrayList<>();
  private int next;
  private int ranges;
  private int depth;

  private TemplateParser(String name, String input, Set<String> functions) {
    this.name = name;
    this.input = input;
    this.functions = functions;
    this.tokens = new TemplateLexer(name, input).tokens();
  }

  /**
   * Parses a template.
   *
   * @param functions names that may be called
   * @return bodies by name: the definitions inside, and {@code name} itself
   */
  static Map<String, Block> parse(String name, String input, Set<String> functions) {
    TemplateParser parser = new TemplateParser(name, input, functions);
    parser.variables.add("$");
    Ended body = parser.list();
    if (body.terminator != null) {
      throw parser.error(body.line, "unexpected {{" + body.terminator + "}}");
    }
    Block whole = body.block;
    Map<String, Block> all = new LinkedHashMap<>(parser.defined);
    Block before = all.get(name);
    if (before == null || !isEmpty(whole)) {
      all.put(name, whole);
    }
    return all;
  }

  static boolean isEmpty(Block block) {
    for (Statement s : block.statements()) {
      if (!(s instanceof Node.Text t) || !t.text().isBlank()) {
        return false;
      }
    }
    return true;
  }

  /** A list and the keyword that ended it: end, else, or null at the end of the template. */
  private record Ended(Block block, @Nullable String terminator, int line) {}

  private GoTemplateException error(int line, String text) {
    return new GoTemplateException("template: " + name + ":" + line + ": " + text);
  }

  private GoTemplateException unexpected(Token token, String context) {
    return error(token.line(), "unexpected " + token + " in " + context);
  }

  private Token peek() {
    return tokens.get(next);
  }

  private Token next() {
    return tokens.get(next++);
  }

  private Token peekNonSpace() {
    int i = next;
    while (tokens.get(i).kind() == Token.Kind.SPACE) {
      i++;
    }
    return tokens.get(i);
  }

  private Token nextNonSpace() {
    while (tokens.get(next).kind() == Token.Kind.SPACE) {
      next++;
    }
    return tokens.get(next++);
  }

  private Ended list() {
    if (++depth > MAX_DEPTH) {
      throw error(peek().line(), "nested more than " + MAX_DEPTH + " deep");
    }
    List<Statement> statements = new ArrayList<>();
    int start = peek().offset();
    try {
      while (true) {
        Token t = next();
        if (t.kind() == Token.Kind.EOF) {
          return new Ended(new Block(start, List.copyOf(statements)), null, t.line());
        }
        if (t.kind() == Token.Kind.TEXT) {
          statements.add(new Node.Text(t.offset(), t.text()));
          continue;
        }
        // an opening delimiter
        Token first = peekNonSpace();
        if (first.kind() == Token.Kind.KEYWORD
            && (first.text().equals("end") || first.text().equals("else"))) {
          nextNonSpace();
          if (first.text().equals("end")) {
            expectClose("end");
          }
          return new Ended(new Block(start, List.copyOf(statements)), first.text(), first.line());
        }
        Statement s = action();
        if (s != null) {
          statements.add(s);
        }
      }
    } finally {
      depth--;
    }
  }

  private void expectClose(String context) {
    Token t = nextNonSpace();
    if (t.kind() != Token.Kind.CLOSE) {
      throw unexpected(t, context);
    }
  }

  private @Nullable Statement action() {
    Token t = peekNonSpace();
    if (t.kind() == Token.Kind.KEYWORD) {
      nextNonSpace();
      switch (t.text()) {
        case "block" -> {
          return block(t);
        }
        case "break" -> {
          expectClose("{{break}}");
          if (ranges == 0) {
            throw error(t.line(), "{{break}} outside {{range}}");
          }
          return new Node.Break(t.offset());
        }
        case "continue" -> {
          expectClose("{{continue}}");
          if (ranges == 0) {
            throw error(t.line(), "{{continue}} outside {{range}}");
          }
          return new Node.Continue(t.offset());
        }
        case "define" -> {
          define(t);
          return null;
        }
        case "template" -> {
          String called = templateName("template clause");
          int at = tokens.get(next - 1).offset();
          Pipeline pipe = null;
          if (peekNonSpace().kind() != Token.Kind.CLOSE) {
            pipe = pipeline("template clause", Token.Kind.CLOSE);
          } else {
            nextNonSpace();
          }
          return new Node.Call(at, called, pipe);
        }
        default -> {
          return control(t);
        }
      }
    }
    Pipeline pipe = pipeline("command", Token.Kind.CLOSE);
    return new Node.Action(t.offset(), pipe);
  }

  private Statement control(Token keyword) {
    int mark = variables.size();
    String context = keyword.text();
    Pipeline pipe = pipeline(context, Token.Kind.CLOSE);
    if (context.equals("range")) {
      ranges++;
    }
    Ended body = list();
    if (context.equals("range")) {
      ranges--;
    }
    if (body.terminator == null) {
      throw error(body.line, "unexpected EOF");
    }
    Block otherwise = null;
    if (body.terminator.equals("else")) {
      Token after = peekNonSpace();
      boolean chained =
          after.kind() == Token.Kind.KEYWORD
              && after.text().equals(context)
              && (context.equals("if") || context.equals("with"));
      if (chained) {
        nextNonSpace();
        Statement inner = control(after);
        otherwise = new Block(after.offset(), List.of(inner));
      } else {
        expectClose("else");
        Ended rest = list();
        if (rest.terminator == null) {
          throw error(rest.line, "unexpected EOF");
        }
        if (!rest.terminator.equals("end")) {
          throw error(rest.line, "expected end; found {{else}}");
        }
        otherwise = rest.block;
      }
    }
    while (variables.size() > mark) {
      variables.removeLast();
    }
    int at = keyword.offset();
    return switch (context) {
      case "if" -> new Node.If(at, pipe, body.block, otherwise);
      case "with" -> new Node.With(at, pipe, body.block, otherwise);
      default -> new Node.Range(at, pipe, body.block, otherwise);
    };
  }

  private String templateName(String context) {
    Token t = nextNonSpace();
    if (t.kind() != Token.Kind.STRING && t.kind() != Token.Kind.RAW_STRING) {
      throw unexpected(t, context);
    }
    return unquote(t);
  }

  private void define(Token keyword) {
    if (depth > 1) {
      throw unexpected(keyword, "command");
    }
    String defined = templateName("define clause");
    expectClose("define clause");
    body(defined, "define");
  }

  private void body(String blockName, String context) {
    List<String> saved = new ArrayList<>(variables);
    variables.clear();
    variables.add("$");
    int savedRanges = ranges;
    ranges = 0;
    Ended body = list();
    ranges = savedRanges;
    variables.clear();
    variables.addAll(saved);
    if (body.terminator == null) {
      throw error(body.line, "unexpected EOF");
    }
    if (!body.terminator.equals("end")) {
      throw error(body.line, "unexpected {{else}} in " + context + " clause");
    }
    Block before = defined.get(blockName);
    if (before != null && !isEmpty(before) && !isEmpty(body.block)) {
      throw error(
          body.line, "template: multiple definition of template " + GoString.quote(blockName));
    }
    if (before == null || !isEmpty(body.block)) {
      defined.put(blockName, body.block);
    }
  }

  private Statement block(Token keyword) {
    String blockName = templateName("block clause");
    int at = tokens.get(next - 1).offset();
    Pipeline pipe = pipeline("block clause", Token.Kind.CLOSE);
    body(blockName, "block");
    return new Node.Call(at, blockName, pipe);
  }

  private Pipeline pipeline(String context, Token.Kind end) {
    if (++depth > MAX_DEPTH) {
      throw error(peek().line(), "nested more than " + MAX_DEPTH + " deep");
    }
    Token first = peekNonSpace();
    List<String> declared = new ArrayList<>();
    boolean assign = false;
    int save = next;
    Token v = peekNonSpace();
    if (v.kind() == Token.Kind.VARIABLE) {
      nextNonSpace();
      Token after = peekNonSpace();
      if (after.kind() == Token.Kind.DECLARE || after.kind() == Token.Kind.ASSIGN) {
        nextNonSpace();
        assign = after.kind() == Token.Kind.ASSIGN;
        declare(declared, v, assign);
      } else if (after.kind() == Token.Kind.COMMA && context.equals("range")) {
        nextNonSpace();
        Token second = nextNonSpace();
        if (second.kind() != Token.Kind.VARIABLE) {
          throw unexpected(second, "range can only initialize variables");
        }
        Token op = nextNonSpace();
        if (op.kind() != Token.Kind.DECLARE && op.kind() != Token.Kind.ASSIGN) {
          throw unexpected(op, context);
        }
        assign = op.kind() == Token.Kind.ASSIGN;
        declare(declared, v, assign);
        declare(declared, second, assign);
      } else {
        next = save;
      }
    }
    List<Command> commands = new ArrayList<>();
    Token last;
    while (true) {
      Token t = peekNonSpace();
      if (t.kind() == end) {
        nextNonSpace();
        last = t;
        break;
      }
      if (isOperandStart(t)) {
        commands.add(command());
        continue;
      }
      nextNonSpace();
      throw unexpected(t, context);
    }
    if (commands.isEmpty()) {
      throw error(last.line(), "missing value for " + context);
    }
    for (int i = 1; i < commands.size(); i++) {
      Operand head = commands.get(i).operands().get(0);
      if (head instanceof Node.Constant || head instanceof Node.Dot || head instanceof Node.Nil) {
        throw error(first.line(), "non executable command in pipeline stage " + (i + 1));
      }
    }
    depth--;
    return new Pipeline(
        first.offset(),
        assign,
        List.copyOf(declared),
        List.copyOf(commands),
        input.substring(first.offset(), last.offset()).strip());
  }

  private void declare(List<String> declared, Token variable, boolean assign) {
    declared.add(variable.text());
    if (assign) {
      checkVariable(variable);
    } else {
      variables.add(variable.text());
    }
  }

  private void checkVariable(Token t) {
    if (!variables.contains(t.text())) {
      throw error(t.line(), "undefined variable " + GoString.quote(t.text()));
    }
  }

  private static boolean isOperandStart(Token t) {
    return switch (t.kind()) {
      case BOOL,
          CHAR,
          DOT,
          FIELD,
          IDENTIFIER,
          NUMBER,
          NIL,
          RAW_STRING,
          STRING,
          VARIABLE,
          LEFT_PAREN ->
          true;
      default -> false;
    };
  }

  private Command command() {
    List<Operand> operands = new ArrayList<>();
    int start = peekNonSpace().offset();
    int end = start;
    while (true) {
      Token t = peekNonSpace();
      if (isOperandStart(t)) {
        nextNonSpace();
        operands.add(operand(t));
        end = tokens.get(next - 1).offset() + tokens.get(next - 1).text().length();
      }
      Token after = peek();
      if (after.kind() == Token.Kind.SPACE) {
        next();
        Token nonSpace = peek();
        if (nonSpace.kind() == Token.Kind.PIPE) {
          next();
          requireAfterPipe();
          break;
        }
        if (isOperandStart(nonSpace)) {
          continue;
        }
        if (nonSpace.kind() == Token.Kind.CLOSE || nonSpace.kind() == Token.Kind.RIGHT_PAREN) {
          break;
        }
        throw unexpected(nonSpace, "operand");
      }
      if (after.kind() == Token.Kind.PIPE) {
        next();
        requireAfterPipe();
        break;
      }
      if (after.kind() == Token.Kind.CLOSE || after.kind() == Token.Kind.RIGHT_PAREN) {
        break;
      }
      throw unexpected(after, "operand");
    }
    if (operands.isEmpty()) {
      throw error(peek().line(), "empty command");
    }
    return new Command(start, List.copyOf(operands), input.substring(start, end));
  }

  private void requireAfterPipe() {
    Token t = peekNonSpace();
    if (t.kind() == Token.Kind.CLOSE || t.kind() == Token.Kind.RIGHT_PAREN) {
      throw error(t.line(), "missing value for command");
    }
  }

  private Operand operand(Token t) {
    int at = t.offset();
    Operand base =
        switch (t.kind()) {
          case IDENTIFIER -> {
            if (!functions.contains(t.text())) {
              throw error(t.line(), "function " + GoString.quote(t.text()) + " not defined");
            }
            yield new Node.Function(at, t.text());
          }
          case DOT -> new Node.Dot(at);
          case NIL -> new Node.Nil(at);
          case VARIABLE -> {
            checkVariable(t);
            yield new Node.Variable(at, t.text(), List.of());
          }
          case FIELD -> new Node.Field(at, List.of(t.text().substring(1)));
          case BOOL -> new Node.Constant(at, t.text().equals("true"), t.text());
          case CHAR, NUMBER -> new Node.Constant(at, number(t), t.text());
          case STRING, RAW_STRING -> new Node.Constant(at, unquote(t), t.text());
          default -> {
            Pipeline inner = pipeline("parenthesized pipeline", Token.Kind.RIGHT_PAREN);
            yield inner;
          }
        };
    List<String> fields = new ArrayList<>();
    int after = peek().offset();
    while (peek().kind() == Token.Kind.FIELD) {
      fields.add(next().text().substring(1));
    }
    if (fields.isEmpty()) {
      return base;
    }
    return switch (base) {
      case Node.Field f -> {
        List<String> all = new ArrayList<>(f.names());
        all.addAll(fields);
        yield new Node.Field(after, List.copyOf(all));
      }
      case Node.Variable v -> new Node.Variable(after, v.name(), List.copyOf(fields));
      case Node.Constant c ->
          throw error(t.line(), "unexpected . after term " + GoString.quote(t.text()));
      case Node.Dot d -> throw error(t.line(), "unexpected . after term \".\"");
      case Node.Nil n -> throw error(t.line(), "unexpected . after term \"nil\"");
      default -> new Node.Chain(after, base, List.copyOf(fields));
    };
  }

  private Object number(Token t) {
    String text = t.text();
    if (t.kind() == Token.Kind.CHAR) {
      String inner = literal(t, "malformed character constant: " + text);
      if (inner.codePointCount(0, inner.length()) != 1) {
        throw error(t.line(), "malformed character constant: " + text);
      }
      return (long) (GoString.hasRawBytes(inner) ? inner.charAt(0) & 0xff : inner.codePointAt(0));
    }
    Object value = GoFormat.parseNumber(text);
    if (value == null) {
      throw error(t.line(), "illegal number syntax: " + GoString.quote(text));
    }
    return value;
  }

  private String unquote(Token t) {
    String text = t.text();
    if (t.kind() == Token.Kind.RAW_STRING) {
      return text.substring(1, text.length() - 1).replace("\r", "");
    }
    return GoString.replaceRawBytes(literal(t, "invalid syntax"));
  }

  private String literal(Token t, String message) {
    try {
      return GoString.unquote(t.text());
    } catch (IllegalArgumentException e) {
      throw error(t.line(), message);
    }
  }
}
