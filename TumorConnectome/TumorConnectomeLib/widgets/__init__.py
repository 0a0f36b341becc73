"""What draws and lists what the core gives, and calls back: qt only. No files, no DICOM."""
