package io.narthex.bench.contact;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One input of a corpus. In a file, {@code id: text} is an input in one line; {@code id:} alone
 * begins one whose lines follow, indented by two blanks, each with a line end. In both, {@code \n},
 * {@code \r}, {@code \t}, {@code \\} and {@code \xNN} stand for bytes. Other lines are empty or
 * begin with {@code #}.
 *
 * @param id unique among those of its area
 * @param origin the id of the input of which it is a mutation, its own id otherwise
 * @param kind the name of its file, which says how it is used
 */
record Input(String id, String origin, String kind, byte[] body) {
  /** Returns the body as text. */
  String text() {
    return new String(body, StandardCharsets.UTF_8);
  }

  /** Returns whether it was generated. */
  boolean generated() {
    return !id.equals(origin);
  }

  /** Reads the inputs of a file. */
  static List<Input> read(Path file) throws IOException {
    String kind = file.getFileName().toString().replaceFirst("\\.txt$", "");
    List<Input> inputs = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    String id = "";
    StringBuilder block = new StringBuilder();
    List<String> lines = new ArrayList<>(Files.readAllLines(file));
    lines.add("#");
    for (String line : lines) {
      if (line.startsWith("  ") && !id.isEmpty()) {
        block.append(line, 2, line.length()).append("\\n");
        continue;
      }
      if (!id.isEmpty()) {
        inputs.add(new Input(id, id, kind, bytes(block.toString(), file, id)));
        id = "";
        block.setLength(0);
      }
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      int colon = line.indexOf(':');
      if (colon <= 0 || !line.substring(0, colon).matches("[a-z0-9-]+")) {
        throw new IOException(file + ": \"id: text\" is wanted, got \"" + line + '"');
      }
      String name = line.substring(0, colon);
      if (!ids.add(name)) {
        throw new IOException(file + ": the id \"" + name + "\" is there twice");
      }
      if (line.length() == colon + 1) {
        id = name;
      } else {
        inputs.add(new Input(name, name, kind, bytes(line.substring(colon + 2), file, name)));
      }
    }
    return inputs;
  }

  private static byte[] bytes(String escaped, Path file, String id) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < escaped.length(); i++) {
      char c = escaped.charAt(i);
      if (c != '\\') {
        int from = i;
        while (i + 1 < escaped.length() && escaped.charAt(i + 1) != '\\') {
          i++;
        }
        out.write(escaped.substring(from, i + 1).getBytes(StandardCharsets.UTF_8));
        continue;
      }
      i++;
      switch (i < escaped.length() ? escaped.charAt(i) : ' ') {
        case 'n' -> out.write('\n');
        case 'r' -> out.write('\r');
        case 't' -> out.write('\t');
        case '\\' -> out.write('\\');
        case 'x' -> {
          out.write(Integer.parseInt(escaped.substring(i + 1, i + 3), 16));
          i += 2;
        }
        default ->
            throw new IOException(
                file + ": \\n, \\r, \\t, \\\\ or \\xNN is wanted in \"" + id + '"');
      }
    }
    return out.toByteArray();
  }
}
