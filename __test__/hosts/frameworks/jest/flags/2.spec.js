require('./tests').defineTests('file2');
