package io.narthex.launch;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

/**
 * Runs a command line program that is in a bundle, without a framework. A bundle may have libraries
 * inside its jar, which no {@code -cp} reaches: they are unpacked to a temporary folder for as long
 * as the process lives. What the bundle imports has to be on the class path.
 */
public final class BundleMain {
  private BundleMain() {}

  /** Runs {@code main} of a class: arguments are the bundle's jar, the class and its arguments. */
  public static void main(String[] args) throws Exception {
    Locale.setDefault(Locale.ROOT); // numbers with the digits of all
    try {
      ClassLoader loader = loader(Path.of(args[0]), BundleMain.class.getClassLoader());
      Thread.currentThread().setContextClassLoader(loader);
      loader
          .loadClass(args[1])
          .getMethod("main", String[].class)
          .invoke(null, (Object) Arrays.copyOfRange(args, 2, args.length));
    } catch (IOException e) {
      System.err.println("narthex: " + args[0] + ": cannot be read: " + e);
      System.exit(1);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Returns a loader of what is in a bundle, its libraries included. */
  static ClassLoader loader(Path bundle, ClassLoader parent) throws IOException {
    List<URL> urls = new ArrayList<>();
    urls.add(bundle.toUri().toURL());
    try (JarFile jar = new JarFile(bundle.toFile())) {
      Manifest manifest = jar.getManifest();
      String path =
          manifest == null ? null : manifest.getMainAttributes().getValue("Bundle-ClassPath");
      List<String> libraries = new ArrayList<>();
      for (String entry : path == null ? new String[0] : path.split(",", -1)) {
        if (!entry.strip().equals(".")) {
          libraries.add(entry.strip());
        }
      }
      if (!libraries.isEmpty()) {
        Path folder = Files.createTempDirectory("narthex-libraries");
        Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder, libraries.size())));
        for (int i = 0; i < libraries.size(); i++) {
          Path file = folder.resolve(i + ".jar");
          JarEntry entry = jar.getJarEntry(libraries.get(i));
          if (entry == null) {
            throw new IOException("Bundle-ClassPath names " + libraries.get(i) + ", not there");
          }
          try (InputStream in = jar.getInputStream(entry)) {
            Files.copy(in, file);
          }
          urls.add(file.toUri().toURL());
        }
      }
    }
    return new URLClassLoader("bundle", urls.toArray(URL[]::new), parent);
  }

  private static void delete(Path folder, int libraries) {
    try {
      for (int i = 0; i < libraries; i++) {
        Files.deleteIfExists(folder.resolve(i + ".jar"));
      }
      Files.deleteIfExists(folder);
    } catch (IOException e) {
      System.err.println("narthex: " + folder + ": cannot be deleted: " + e);
    }
  }
}
