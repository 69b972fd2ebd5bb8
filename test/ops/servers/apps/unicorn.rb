worker_processes 2
preload_app false
