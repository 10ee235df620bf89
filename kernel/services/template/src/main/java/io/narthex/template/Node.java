package io.narthex.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The tree of a parsed template. Immutable, shared by all executions. */
sealed interface Node {
  /** Offset in the source, for messages. */
  int offset();

  /** An element of a list: text or an action. */
  sealed interface Statement extends Node {}

  /** An expression with a value. */
  sealed interface Operand extends Node {}

  record Block(int offset, List<Statement> statements) implements Node {}

  record Text(int offset, String text) implements Statement {}

  record Action(int offset, Pipeline pipe) implements Statement {}

  record If(int offset, Pipeline pipe, Block then, @Nullable Block otherwise)
      implements Statement {}

  record With(int offset, Pipeline pipe, Block then, @Nullable Block otherwise)
      implements Statement {}

  record Range(int offset, Pipeline pipe, Block body, @Nullable Block otherwise)
      implements Statement {}

  record Call(int offset, String name, @Nullable Pipeline pipe) implements Statement {}

  record Break(int offset) implements Statement {}

  record Continue(int offset) implements Statement {}

  /**
   * Commands joined by bars.
   *
   * @param variables that are declared or assigned, with the dollar
   */
  record Pipeline(
      int offset, boolean assign, List<String> variables, List<Command> commands, String source)
      implements Operand {}

  record Command(int offset, List<Operand> operands, String source) implements Node {}

  record Function(int offset, String name) implements Operand {}

  /** {@code .A.B}: fields of dot. The offset is that of the second field, as Go counts it. */
  record Field(int offset, List<String> names) implements Operand {}

  /** {@code $x.A.B}. The offset is that of the first field, if there is one. */
  record Variable(int offset, String name, List<String> fields) implements Operand {}

  /** Fields of a parenthesised pipeline. The offset is that of the first field. */
  record Chain(int offset, Operand base, List<String> names) implements Operand {}

  record Dot(int offset) implements Operand {}

  record Nil(int offset) implements Operand {}

  /** A constant: {@code Boolean}, {@code Long}, {@code Double}, {@code String}. */
  record Constant(int offset, Object value, String source) implements Operand {}
}
