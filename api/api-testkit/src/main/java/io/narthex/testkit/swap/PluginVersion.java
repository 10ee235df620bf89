package io.narthex.testkit.swap;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicLong;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

/**
 * One version of a plugin in its own class loader, which sees the JDK, the API and slf4j, as in the
 * server. Confined to the thread that created it.
 */
final class PluginVersion implements AutoCloseable {
  private static final AtomicLong COUNT = new AtomicLong();

  private final String label;
  private final Path location;
  private final Loader loader;
  private final Path unpacked;

  /**
   * Loads a version.
   *
   * @param label for messages, for example {@code previous version}
   * @param location a jar, or a folder with its content
   * @param libraries additional jars and folders of its class path
   * @param unpacked a folder for jars inside the jar
   */
  PluginVersion(String label, Path location, List<Path> libraries, Path unpacked) {
    this.label = label;
    this.location = location;
    this.unpacked = unpacked;
    List<URL> path = new ArrayList<>();
    try {
      path.add(location.toUri().toURL());
      for (Path library : libraries) {
        path.add(library.toUri().toURL());
      }
      for (Path nested : nestedJars()) {
        path.add(nested.toUri().toURL());
      }
    } catch (MalformedURLException e) {
      throw new UncheckedIOException(e);
    } catch (IOException e) {
      throw new UncheckedIOException("swap: " + location + " cannot be read: " + e, e);
    }
    loader = new Loader("swap-" + COUNT.incrementAndGet(), path.toArray(new URL[0]));
  }

  /** The class loader; its name marks its classes in stack traces. */
  static final class Loader extends URLClassLoader {
    Loader(String name, URL[] path) {
      super(name, path, new ApiOnly());
    }

    /** Returns whether it has defined a class of this name. */
    boolean hasDefined(String className) {
      Class<?> found = findLoadedClass(className);
      return found != null && found.getClassLoader() == this;
    }
  }

  /** The classes that the server exposes to a plugin. */
  private static final class ApiOnly extends ClassLoader {
    private static final List<String> SHARED =
        List.of("io.narthex.model.", "io.narthex.spi.", "org.slf4j.", "org.jspecify.");

    ApiOnly() {
      super(ClassLoader.getPlatformClassLoader());
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      if (SHARED.stream().anyMatch(name::startsWith)) {
        return Class.forName(name, false, PluginVersion.class.getClassLoader());
      }
      throw new ClassNotFoundException(name);
    }
  }

  /** Returns its embedded libraries: {@code META-INF/lib/}, or those of Bundle-ClassPath. */
  private List<Path> nestedJars() throws IOException {
    List<Path> jars = new ArrayList<>();
    if (Files.isDirectory(location)) {
      try (Stream<Path> files = Files.walk(location)) {
        files.filter(f -> f.toString().endsWith(".jar")).forEach(jars::add);
      }
      return jars;
    }
    try (JarFile jar = new JarFile(location.toFile())) {
      for (JarEntry entry : (Iterable<JarEntry>) jar.stream()::iterator) {
        if (entry.getName().endsWith(".jar")) {
          Path copy = Files.createTempFile(Files.createDirectories(unpacked), "nested", ".jar");
          try (InputStream in = jar.getInputStream(entry)) {
            Files.copy(in, copy, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
          }
          jars.add(copy);
        }
      }
    }
    return jars;
  }

  String label() {
    return label;
  }

  Loader loader() {
    return loader;
  }

  /** Runs code of the plugin with its class loader as the thread's context class loader. */
  <T> T call(Callable<T> body) throws Exception {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    thread.setContextClassLoader(loader);
    try {
      return body.call();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  /**
   * Creates the provider of an interface: the only one of {@code META-INF/services}, or the only
   * component of Declarative Services that provides it and has a constructor without parameters.
   */
  <T> T provider(Class<T> spi) throws Exception {
    return call(() -> {
      List<T> found = new ArrayList<>();
      ServiceLoader.load(spi, loader).forEach(found::add);
      if (found.isEmpty()) {
        for (String component : components(spi)) {
          found.add(
              spi.cast(
                  Class.forName(component, true, loader).getDeclaredConstructor().newInstance()));
        }
      }
      if (found.size() != 1) {
        throw new IllegalArgumentException(
            "swap: "
                + location
                + " must have one "
                + spi.getSimpleName()
                + ", in META-INF/services/"
                + spi.getName()
                + " or as a component of Declarative Services, got "
                + found.size());
      }
      return found.get(0);
    });
  }

  private List<String> components(Class<?> spi) throws IOException {
    URL manifest = loader.findResource(JarFile.MANIFEST_NAME);
    if (manifest == null) {
      return List.of();
    }
    Attributes headers;
    try (InputStream in = open(manifest)) {
      headers = new Manifest(in).getMainAttributes();
    }
    String header = headers.getValue("Service-Component");
    List<String> classes = new ArrayList<>();
    for (String file : header == null ? new String[0] : header.split(",", -1)) {
      URL description = loader.findResource(file.strip());
      if (description != null) {
        try (InputStream in = open(description)) {
          Element root =
              DocumentBuilderFactory.newInstance()
                  .newDocumentBuilder()
                  .parse(in)
                  .getDocumentElement();
          if (provides(root, spi)) {
            Element implementation = (Element) root.getElementsByTagName("implementation").item(0);
            classes.add(implementation.getAttribute("class"));
          }
        } catch (ParserConfigurationException | SAXException e) {
          throw new IOException(file + ": " + e.getMessage(), e);
        }
      }
    }
    return classes;
  }

  /** Opens a resource without the JDK's cache, which would keep the jar open. */
  private static InputStream open(URL resource) throws IOException {
    URLConnection connection = resource.openConnection();
    connection.setUseCaches(false);
    return connection.getInputStream();
  }

  private static boolean provides(Element component, Class<?> spi) {
    var provided = component.getElementsByTagName("provide");
    for (int i = 0; i < provided.getLength(); i++) {
      if (((Element) provided.item(i)).getAttribute("interface").equals(spi.getName())) {
        return true;
      }
    }
    return false;
  }

  /** Builds the record of a configuration block. */
  <C extends Record> C config(Class<C> type, Map<String, ?> settings) throws Exception {
    return call(() -> SettingsRecord.of(type, settings));
  }

  /** Closes the jar. Loaded classes stay usable. */
  @Override
  public void close() {
    try {
      loader.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
