package io.narthex.baseline;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeModel;
import java.lang.classfile.FieldModel;
import java.lang.classfile.MethodModel;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Packs the classes of a module as they look from outside: no code, no private members. */
final class SignatureJar {
  private static final Pattern ANONYMOUS = Pattern.compile(".*\\$\\d+[^/]*\\.class", 0);
  private static final LocalDateTime NO_TIME = LocalDateTime.of(2026, 1, 1, 0, 0);
  private static final List<String> HEADERS =
      List.of("Bundle-ManifestVersion", "Bundle-SymbolicName", "Bundle-Version", "Export-Package");

  private SignatureJar() {}

  /** Writes the jar; equal classes give equal bytes. */
  static void write(Path classes, Path target) throws IOException {
    try (OutputStream file = Files.newOutputStream(target);
        JarOutputStream out = new JarOutputStream(file);
        Stream<Path> all = Files.walk(classes)) {
      add(out, JarFile.MANIFEST_NAME, manifest(classes.resolve(JarFile.MANIFEST_NAME)));
      for (Path path : all.sorted().toList()) {
        String name = classes.relativize(path).toString().replace('\\', '/');
        if (name.endsWith(".class") && !ANONYMOUS.matcher(name).matches()) {
          add(out, name, signature(Files.readAllBytes(path)));
        }
      }
    }
  }

  private static void add(JarOutputStream out, String name, byte[] content) throws IOException {
    JarEntry entry = new JarEntry(name);
    entry.setTimeLocal(NO_TIME);
    out.putNextEntry(entry);
    out.write(content);
    out.closeEntry();
  }

  private static byte[] manifest(Path file) throws IOException {
    Manifest small = new Manifest();
    small.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    try (InputStream in = Files.newInputStream(file)) {
      Attributes from = new Manifest(in).getMainAttributes();
      for (String header : HEADERS) {
        if (from.getValue(header) != null) {
          small.getMainAttributes().putValue(header, from.getValue(header));
        }
      }
    }
    var bytes = new java.io.ByteArrayOutputStream();
    small.write(bytes);
    return bytes.toByteArray();
  }

  private static byte[] signature(byte[] bytes) {
    ClassFile format =
        ClassFile.of(
            ClassFile.DebugElementsOption.DROP_DEBUG, ClassFile.ConstantPoolSharingOption.NEW_POOL);
    ClassModel model = format.parse(bytes);
    return format.transformClass(
        model,
        (type, element) -> {
          switch (element) {
            case MethodModel m when isHidden(m.flags().flags()) -> {}
            case FieldModel f when isHidden(f.flags().flags()) -> {}
            case MethodModel m ->
                type.transformMethod(
                    m,
                    (method, part) -> {
                      if (!(part instanceof CodeModel)) {
                        method.with(part);
                      }
                    });
            default -> type.with(element);
          }
        });
  }

  private static boolean isHidden(Set<AccessFlag> flags) {
    return flags.contains(AccessFlag.PRIVATE) || flags.contains(AccessFlag.SYNTHETIC);
  }
}
