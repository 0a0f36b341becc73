"""What draws and lists what the other rooms give, and calls back: qt only. No files, no DICOM."""
