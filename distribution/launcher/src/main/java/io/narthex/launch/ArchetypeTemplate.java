package io.narthex.launch;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.SAXException;

/**
 * Reads a Maven archetype from its jar and writes a project, without Maven. Supports what our
 * archetypes use: file sets (packaged, filtered, plain includes), {@code ${name}} in files, {@code
 * __name__} in paths. No Velocity.
 */
final class ArchetypeTemplate {
  private static final String RESOURCES = "archetype-resources/";
  private static final String DESCRIPTOR = "META-INF/maven/archetype-metadata.xml";
  private static final Pattern REFERENCE = Pattern.compile("\\$\\{(\\w+)}|__(\\w+?)__", 0);

  /**
   * A set of files with the same treatment.
   *
   * @param directory relative, empty for the project's folder
   * @param packaged whether the folders of the package are inserted between directory and file
   * @param includes names of files; empty: all
   */
  private record FileSet(
      String directory, boolean packaged, boolean filtered, List<String> includes) {
    boolean holds(String path) {
      return path.startsWith(prefix())
          && (includes.isEmpty() || includes.contains(path.substring(prefix().length())));
    }

    String prefix() {
      return directory.isEmpty() ? "" : directory + "/";
    }
  }

  private final Path jar;
  private final Map<String, byte[]> files = new TreeMap<>();
  private final List<FileSet> sets = new ArrayList<>();
  private final List<String> required = new ArrayList<>();

  private ArchetypeTemplate(Path jar) {
    this.jar = jar;
  }

  /**
   * Reads an archetype.
   *
   * @throws IOException when the jar cannot be read or is not an archetype
   */
  static ArchetypeTemplate read(Path jar) throws IOException {
    ArchetypeTemplate template = new ArchetypeTemplate(jar);
    try (JarFile content = new JarFile(jar.toFile(), false)) {
      for (JarEntry entry : Collections.list(content.entries())) {
        String name = entry.getName();
        if (!entry.isDirectory() && name.startsWith(RESOURCES)) {
          try (InputStream in = content.getInputStream(entry)) {
            template.files.put(name.substring(RESOURCES.length()), in.readAllBytes());
          }
        }
      }
      JarEntry descriptor = content.getJarEntry(DESCRIPTOR);
      if (descriptor == null) {
        throw new IOException(jar + " is not an archetype: it has no " + DESCRIPTOR);
      }
      try (InputStream in = content.getInputStream(descriptor)) {
        template.describe(parse(in));
      } catch (SAXException | ParserConfigurationException e) {
        throw new IOException(jar + ": " + DESCRIPTOR + " cannot be read: " + e.getMessage(), e);
      }
    }
    // as Maven does without a file set
    template.sets.add(0, new FileSet("", false, true, List.of("pom.xml")));
    return template;
  }

  private static Document parse(InputStream in)
      throws IOException, SAXException, ParserConfigurationException {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
    factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
    return factory.newDocumentBuilder().parse(in);
  }

  private void describe(Document descriptor) {
    for (Element property : elements(descriptor, "requiredProperty")) {
      required.add(property.getAttribute("key"));
    }
    for (Element set : elements(descriptor, "fileSet")) {
      sets.add(
          new FileSet(
              elements(set, "directory").get(0).getTextContent().strip(),
              set.getAttribute("packaged").equals("true"),
              set.getAttribute("filtered").equals("true"),
              elements(set, "include").stream().map(e -> e.getTextContent().strip()).toList()));
    }
  }

  private static List<Element> elements(Document in, String name) {
    return elements(in.getDocumentElement(), name);
  }

  private static List<Element> elements(Element in, String name) {
    NodeList nodes = in.getElementsByTagName(name);
    List<Element> elements = new ArrayList<>();
    for (int i = 0; i < nodes.getLength(); i++) {
      elements.add((Element) nodes.item(i));
    }
    return elements;
  }

  /**
   * Writes a project.
   *
   * @param target its folder, created
   * @param properties the archetype's properties, {@code package} among them
   * @throws IOException when a property is missing or a file cannot be written
   */
  void write(Path target, Map<String, String> properties) throws IOException {
    for (String name : required) {
      if (!properties.containsKey(name)) {
        throw new IOException(jar + " asks for \"" + name + "\"; it is from another version");
      }
    }
    String packagePath = properties.getOrDefault("package", "").replace('.', '/') + "/";
    for (Map.Entry<String, byte[]> file : files.entrySet()) {
      String path = file.getKey();
      for (FileSet set : sets) {
        if (set.holds(path)) {
          String inSet = path.substring(set.prefix().length());
          Path to =
              target.resolve(
                  expand(set.prefix() + (set.packaged() ? packagePath : "") + inSet, properties));
          if (to.getParent() != null) {
            Files.createDirectories(to.getParent());
          }
          byte[] content = file.getValue();
          Files.write(
              to,
              set.filtered()
                  ? expand(new String(content, StandardCharsets.UTF_8), properties)
                      .getBytes(StandardCharsets.UTF_8)
                  : content);
          break;
        }
      }
    }
  }

  private static String expand(String text, Map<String, String> properties) {
    return REFERENCE.matcher(text).replaceAll(m -> value(m, properties));
  }

  private static String value(MatchResult reference, Map<String, String> properties) {
    String name = reference.group(1) == null ? reference.group(2) : reference.group(1);
    return Matcher.quoteReplacement(properties.getOrDefault(name, reference.group()));
  }
}
